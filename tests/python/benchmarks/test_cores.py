import os

import pytest
from harness.cores import available_cores, parse_cpu_list, pick_cores


@pytest.mark.parametrize(
    ("text", "cores"), [("3", [3]), ("0,4", [0, 4]), ("0-2,8-9", [0, 1, 2, 8, 9])]
)
def test_cpu_list(text: str, cores: list[int]) -> None:
    assert parse_cpu_list(text) == cores


def test_one_hardware_thread_of_each_core_is_picked() -> None:
    groups = {core: frozenset({core % 4, core % 4 + 4}) for core in range(8)}
    assert pick_cores(3, groups) == [0, 1, 2]
    neighbours = {core: frozenset({core & ~1, core | 1}) for core in range(8)}
    assert pick_cores(3, neighbours) == [0, 2, 4]


def test_too_many_threads_are_refused() -> None:
    with pytest.raises(ValueError, match="3 threads were asked for, 2 physical cores"):
        pick_cores(3, {0: frozenset({0, 2}), 1: frozenset({1, 3}), 2: frozenset({0, 2})})


def test_cores_are_among_those_allowed() -> None:
    [core] = available_cores(1)
    assert core in os.sched_getaffinity(0)
