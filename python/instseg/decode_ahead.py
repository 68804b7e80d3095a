"""Runs a function over items in background threads, ahead of the consumer, in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event
from typing import TypeVar

Item = TypeVar("Item")
Output = TypeVar("Output")


def run_ahead(
    items: Iterable[Item],
    work: Callable[[Item, Event], Output],
    *,
    weight: Callable[[Output], int],
    num_threads: int,
    max_items: int,
    max_weight: int,
) -> Generator[Output, None, None]:
    """Yields work(item, cancelled) for each item, in order; `items` is read in the caller's thread.

    At most `max_items` outputs are under way or waiting. Outputs that wait weigh at most
    `max_weight` together, plus what the threads are working on at that moment; one output always
    proceeds, however heavy. What `work` or `items` raises is raised here, in its place: after the
    outputs of the items before it.

    Closing the generator early sets `cancelled`, drops what has not begun, waits for what has, and
    leaves no thread behind.
    """
    cancelled = Event()
    pending: deque[Future[Output]] = deque()
    remaining = iter(items)
    exhausted = False
    failure: BaseException | None = None

    def has_room() -> bool:
        if len(pending) >= max_items:
            return False
        waiting = (f for f in pending if f.done() and not f.cancelled() and f.exception() is None)
        return not pending or sum(weight(future.result()) for future in waiting) < max_weight

    executor = ThreadPoolExecutor(num_threads, thread_name_prefix="instseg-decode")
    try:
        while True:
            while not exhausted and has_room():
                try:
                    item = next(remaining)
                except StopIteration:
                    exhausted = True
                except Exception as error:
                    exhausted, failure = True, error
                else:
                    pending.append(executor.submit(work, item, cancelled))
            if not pending:
                if failure is not None:
                    raise failure
                return
            yield pending.popleft().result()
    finally:
        cancelled.set()
        executor.shutdown(wait=True, cancel_futures=True)
