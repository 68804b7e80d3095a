"""Which images make up which batch."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from instseg.errors import InvalidArgument

# What a number in the middle of a generator's seed is for.
_SHUFFLE, _SAMPLE, _BATCH = range(3)


@dataclass(frozen=True)
class Order:
    """Batches of `ranks` processes that share one shuffled row of images per epoch.

    At each step the next ranks * batch_size images of the row are taken; rank r gets the r-th
    batch_size of them. So the batches of all ranks in turn are the batch of one process with
    ranks * batch_size. What is left at the end of the row is dropped, as PaddleX does, unless it
    is all there is.
    """

    images: int
    batch_size: int
    seed: int
    rank: int
    ranks: int

    def __post_init__(self) -> None:
        if self.batch_size < 1:
            raise InvalidArgument(f"batch_size is {self.batch_size}; give at least 1")
        if self.seed < 0:
            raise InvalidArgument(f"seed is {self.seed}; give 0 or more")
        if not 0 <= self.rank < self.ranks:
            raise InvalidArgument(f"rank is {self.rank} of {self.ranks}; ranks count from 0")
        if self.images < self.ranks:
            raise InvalidArgument(
                f"{self.images} images are too few for {self.ranks} processes; use fewer"
            )

    @property
    def steps(self) -> int:
        """Batches of an epoch."""
        return max(1, self.images // (self.batch_size * self.ranks))

    def batches(self, epoch: int) -> list[list[int]]:
        """The image indices of each batch of this rank."""
        row = np.random.default_rng([self.seed, epoch, _SHUFFLE]).permutation(self.images)
        together = self.batch_size * self.ranks
        if self.images < together:
            return [np.array_split(row, self.ranks)[self.rank].tolist()]
        begins = np.arange(self.steps) * together + self.rank * self.batch_size
        return [row[begin : begin + self.batch_size].tolist() for begin in begins]

    def sample_seed(self, epoch: int, image: int) -> list[int]:
        """Seeds what is random about one image: the same whatever batch, rank or worker it is in."""
        return [self.seed, epoch, _SAMPLE, image]

    def batch_seed(self, epoch: int, step: int) -> list[int]:
        """Seeds what is random about a whole batch: the same on all ranks."""
        return [self.seed, epoch, _BATCH, step]
