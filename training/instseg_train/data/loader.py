"""Batches for training."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future

from PIL import Image

from instseg.errors import InvalidArgument
from instseg_train.data.batching import join
from instseg_train.data.coco_dataset import CocoDataset
from instseg_train.data.order import Order
from instseg_train.data.picture import batch_picture
from instseg_train.data.recipes import recipe
from instseg_train.data.sample import Batch
from instseg_train.data.task import Task, prepare
from instseg_train.data.worker_pool import WorkerPool


class TrainLoader:
    """Reads, augments and joins images, in worker processes that work ahead.

    Batch k of epoch e depends on the data set, the model and (seed, e, k, rank, ranks) alone: not
    on the number of workers, nor on where iteration began. Close it, or use it in a `with`: that
    ends the workers, as does the end of the process, however it comes.
    """

    def __init__(
        self,
        dataset: CocoDataset,
        *,
        model: str,
        batch_size: int,
        input_size: tuple[int, int] | None = None,
        seed: int = 0,
        num_workers: int = 2,
        rank: int = 0,
        ranks: int = 1,
    ) -> None:
        """model: an official name, which says how images are augmented. input_size: see
        `recipe`. num_workers: 0 works in this process, when a batch is asked for.

        Raises InvalidArgument for values out of range.
        """
        if num_workers < 0:
            raise InvalidArgument(f"num_workers is {num_workers}; give 0 or more")
        self._order = Order(len(dataset), batch_size, seed, rank, ranks)
        self._dataset = dataset
        self._recipe = recipe(model, input_size)
        self._pool = WorkerPool(num_workers, self._recipe) if num_workers else None

    @property
    def steps_per_epoch(self) -> int:
        return self._order.steps

    def epoch(self, number: int, start_step: int = 0) -> Iterator[Batch]:
        """The batches of an epoch from `start_step` on. Raises InvalidArgument if it has fewer.

        Raises while iterating: ImageError and InvalidArgument of an image that cannot be
        prepared, by name; InstsegError: a worker process died.
        """
        if not 0 <= start_step <= self.steps_per_epoch:
            raise InvalidArgument(
                f"start_step is {start_step}; an epoch has {self.steps_per_epoch} steps"
            )
        tasks = (
            Task(
                [self._dataset.records[i] for i in indices],
                [self._order.sample_seed(number, i) for i in indices],
                self._order.batch_seed(number, step),
            )
            for step, indices in enumerate(self._order.batches(number))
            if step >= start_step
        )
        return self._in_process(tasks) if self._pool is None else _ahead(self._pool, tasks)

    def _in_process(self, tasks: Iterator[Task]) -> Iterator[Batch]:
        for task in tasks:
            yield join(prepare(task, self._recipe), self._recipe)

    def picture(self, batch: Batch) -> Image.Image:
        """The first images of a batch of this loader with their objects drawn on them."""
        return batch_picture(batch, self._recipe, self._dataset.class_names)

    def close(self) -> None:
        """Ends the workers; may be called again."""
        if self._pool is not None:
            self._pool.close()

    def __enter__(self) -> TrainLoader:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()


def _ahead(pool: WorkerPool, tasks: Iterator[Task]) -> Iterator[Batch]:
    """In order; each worker is one or two batches ahead."""
    waiting: deque[Future[Batch]] = deque()
    try:
        for task in tasks:
            waiting.append(pool.submit(task))
            if len(waiting) > 2 * pool.num_workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()
