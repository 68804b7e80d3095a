"""Working ahead in the background: order, bounds, errors, and no thread left behind."""

import threading
import time
from collections.abc import Iterator

import pytest

from instseg.decode_ahead import run_ahead


def ahead(items, work, **options):  # type: ignore[no-untyped-def]
    settings = {"weight": lambda _: 1, "num_threads": 2, "max_items": 4, "max_weight": 100}
    return run_ahead(items, work, **{**settings, **options})


def worker_threads() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name.startswith("instseg-decode")]


def test_outputs_come_in_order_whatever_takes_longer() -> None:
    def work(item: int, _: threading.Event) -> int:
        time.sleep(0.004 * (item % 3 == 0))
        return item * item

    assert list(ahead(range(40), work)) == [i * i for i in range(40)]
    assert not worker_threads()


def test_nothing_gives_nothing() -> None:
    assert list(ahead([], lambda item, _: item)) == []
    assert not worker_threads()


def test_an_endless_source_is_read_at_most_max_items_ahead() -> None:
    read = 0

    def source() -> Iterator[int]:
        nonlocal read
        while True:
            read += 1
            yield read

    outputs = ahead(source(), lambda item, _: item, max_items=4)
    for taken in range(1, 20):
        assert next(outputs) == taken
        time.sleep(0.002)
        assert read <= taken + 4
    outputs.close()


def test_with_one_item_ahead_nothing_is_read_before_its_turn() -> None:
    read = []
    outputs = ahead((read.append(i) or i for i in range(5)), lambda i, _: i, max_items=1)
    for i in range(5):
        assert next(outputs) == i
        assert read == list(range(i + 1))
    outputs.close()


def test_heavy_outputs_wait_below_the_bound() -> None:
    lock = threading.Lock()
    alive = most = 0

    class Heavy:
        def __init__(self) -> None:
            nonlocal alive, most
            with lock:
                alive += 1
                most = max(most, alive)

        def __del__(self) -> None:
            nonlocal alive
            with lock:
                alive -= 1

    outputs = ahead(
        range(60),
        lambda item, _: Heavy(),
        weight=lambda _: 10,
        max_weight=30,
        max_items=50,
        num_threads=2,
    )
    for _ in outputs:
        time.sleep(0.002)
    # 3 wait (30 / 10), 2 were in work when the bound was reached, and we hold 1 or, at the moment
    # of the exchange, 2.
    assert 2 <= most <= 3 + 2 + 2


def test_an_output_heavier_than_the_bound_still_proceeds() -> None:
    assert list(ahead(range(5), lambda i, _: i, weight=lambda _: 10**9, max_weight=1)) == [
        *range(5)
    ]


def test_what_work_raises_is_raised_in_its_place() -> None:
    def work(item: int, _: threading.Event) -> int:
        if item == 3:
            raise KeyError("three")
        return item

    outputs = ahead(range(10), work)
    assert [next(outputs) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError, match="three"):
        next(outputs)
    assert not worker_threads()


def test_what_the_source_raises_comes_after_what_it_gave() -> None:
    def source() -> Iterator[int]:
        yield from range(3)
        raise OSError("camera unplugged")

    outputs = ahead(source(), lambda item, _: item)
    assert [next(outputs) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(OSError, match="camera unplugged"):
        next(outputs)
    assert not worker_threads()


def test_closing_early_cancels_and_leaves_no_thread() -> None:
    begun: list[int] = []

    def work(item: int, cancelled: threading.Event) -> int:
        begun.append(item)
        if item:
            assert cancelled.wait(10), "not cancelled"
        return item

    outputs = ahead(range(1000), work, max_items=8)
    assert next(outputs) == 0
    start = time.monotonic()
    outputs.close()
    assert time.monotonic() - start < 5
    assert not worker_threads()
    assert len(begun) <= 4  # the rest was dropped unbegun


def test_dropping_the_generator_leaves_no_thread() -> None:
    outputs = ahead(range(1000), lambda item, _: item)
    next(outputs)
    del outputs
    assert not worker_threads()


def test_a_generator_never_started_starts_no_thread() -> None:
    outputs = ahead(range(10), lambda item, _: item)
    assert not worker_threads()
    outputs.close()
