"""Which query learns which object."""

from __future__ import annotations

from dataclasses import dataclass

from paddle import Tensor


@dataclass(frozen=True)
class Matching:
    """M matched objects with G queries each (1, or as many as there are denoising groups).

    queries  int64 [M, G]: index into the batch's queries, image * Q + query
    targets  int64 [M]: index into the batch's objects, ascending
    counts   number of matched objects of each image
    """

    queries: Tensor
    targets: Tensor
    counts: list[int]
    groups: int

    @property
    def total(self) -> int:
        return sum(self.counts)
