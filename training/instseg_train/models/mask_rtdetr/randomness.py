"""Everything random in the training of Mask-RT-DETR, in one replaceable object."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import Tensor


class Randomness:
    """Draws from Paddle's seeded generator. A model's `randomness` may be replaced by any object
    with these methods, for example one that always draws the same."""

    def points(self, sets: int, count: int) -> Tensor:
        """float32 [sets, count, 2]: x and y of points of an image, in [0, 1)."""
        return paddle.rand([sets, count, 2])

    def uniform(self, shape: Sequence[int]) -> Tensor:
        """float32 in [0, 1)."""
        return paddle.rand(shape)

    def labels(self, shape: Sequence[int], num_classes: int) -> Tensor:
        """int64 in [0, num_classes)."""
        return paddle.randint(0, num_classes, shape, dtype="int64")
