"""Runs a function over items in background threads, ahead of the consumer, in bounded memory."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor
from threading import Condition, Event
from typing import Generic, TypeVar

Item = TypeVar("Item")
Output = TypeVar("Output")


class _Scale(Generic[Output]):
    """Weighs the outputs that wait; holds back work while they are too heavy."""

    def __init__(self, weight: Callable[[Output], int], max_weight: int, cancelled: Event) -> None:
        self._weight = weight
        self._max_weight = max_weight
        self._cancelled = cancelled
        self._changed = Condition()
        self._waiting = 0
        self._next = 0  # position of the output that the consumer takes next

    def wait_for_room(self, position: int) -> None:
        """Returns when the item at `position` may be worked on; raises CancelledError."""
        with self._changed:
            self._changed.wait_for(
                lambda: (
                    self._cancelled.is_set()
                    or self._waiting < self._max_weight
                    or position == self._next
                )
            )
        if self._cancelled.is_set():
            raise CancelledError

    def put(self, output: Output) -> None:
        with self._changed:
            self._waiting += self._weight(output)

    def take(self, output: Output) -> None:
        with self._changed:
            self._waiting -= self._weight(output)
            self._next += 1
            self._changed.notify_all()

    def cancel(self) -> None:
        self._cancelled.set()
        with self._changed:
            self._changed.notify_all()


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

    At most `max_items` outputs are under way or waiting. Work begins only while the outputs that
    wait weigh less than `max_weight` together, except for the one that is wanted next. What `work`
    or `items` raises is raised here, in its place: after the outputs of the items before it.

    Closing the generator early sets `cancelled`, drops what has not begun, waits for what has, and
    leaves no thread behind.
    """
    cancelled = Event()
    scale = _Scale(weight, max_weight, cancelled)
    pending: deque[Future[Output]] = deque()
    remaining = iter(items)
    submitted = 0
    exhausted = False
    failure: BaseException | None = None

    def weighed_work(position: int, item: Item) -> Output:
        scale.wait_for_room(position)
        output = work(item, cancelled)
        scale.put(output)
        return output

    executor = ThreadPoolExecutor(num_threads, thread_name_prefix="instseg-decode")
    try:
        while True:
            while not exhausted and len(pending) < max_items:
                try:
                    item = next(remaining)
                except StopIteration:
                    exhausted = True
                except Exception as error:
                    exhausted, failure = True, error
                else:
                    # The executor begins in order: the output wanted next is never held back by
                    # one behind it.
                    pending.append(executor.submit(weighed_work, submitted, item))
                    submitted += 1
            if not pending:
                if failure is not None:
                    raise failure
                return
            output = pending.popleft().result()
            scale.take(output)
            yield output
            del output
    finally:
        scale.cancel()
        executor.shutdown(wait=True, cancel_futures=True)
