"""Which cores a run is pinned to."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path


def siblings(cores: Sequence[int]) -> dict[int, frozenset[int]]:
    """The hardware threads that share each core's execution units, itself included."""
    groups = {}
    for core in cores:
        path = Path(f"/sys/devices/system/cpu/cpu{core}/topology/thread_siblings_list")
        text = path.read_text().strip() if path.exists() else str(core)
        groups[core] = frozenset(parse_cpu_list(text))
    return groups


def parse_cpu_list(text: str) -> list[int]:
    """The kernel's list format: "0,4" or "0-1,8-9"."""
    cores: list[int] = []
    for part in text.split(","):
        first, _, last = part.partition("-")
        cores += range(int(first), int(last or first) + 1)
    return cores


def pick_cores(count: int, groups: Mapping[int, frozenset[int]]) -> list[int]:
    """`count` of the cores in `groups`, each on a physical core of its own.

    Raises ValueError if there are fewer: two threads on one physical core would be timed as one
    and a bit.
    """
    picked: list[int] = []
    for core in sorted(groups):
        if not groups[core] & set(picked):
            picked.append(core)
    if count > len(picked):
        raise ValueError(f"{count} threads were asked for, {len(picked)} physical cores are free")
    return picked[:count]


def available_cores(count: int) -> list[int]:
    """`count` physical cores among those that this process may use. Raises ValueError."""
    return pick_cores(count, siblings(sorted(os.sched_getaffinity(0))))
