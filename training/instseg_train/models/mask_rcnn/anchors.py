"""Anchor boxes: the starting points of proposals (arXiv:1506.01497, section 3.1.1)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import paddle
from paddle import Tensor, nn


def cell_anchors(sizes: Sequence[float], ratios: Sequence[float]) -> list[list[float]]:
    """Boxes around (0, 0) of area size**2 and height / width = ratio; the ratio varies fastest."""
    anchors = []
    for size in sizes:
        for ratio in ratios:
            width = math.sqrt(size**2 / ratio)
            height = ratio * width
            anchors.append([-width / 2, -height / 2, width / 2, height / 2])
    return anchors


class AnchorGrid(nn.Layer):
    """The anchors of every level: a level's cell anchors, moved to each pixel of its map."""

    def __init__(
        self,
        sizes: Sequence[Sequence[float]],
        strides: Sequence[int],
        ratios: Sequence[float] = (0.5, 1.0, 2.0),
    ):
        """sizes and strides have one element per level, finest first."""
        super().__init__()
        self.strides = tuple(strides)
        self.per_cell = len(sizes[0]) * len(ratios)
        for i, level_sizes in enumerate(sizes):
            cell = paddle.to_tensor(cell_anchors(level_sizes, ratios), "float32")
            self.register_buffer(f"cell{i}", cell, persistable=False)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        """Maps [N, C, H, W] of all levels -> float32 [H * W * A, 4] each, in the order y, x, A."""
        return [self._level(i, x.shape[-2], x.shape[-1]) for i, x in enumerate(maps)]

    def _level(self, level: int, height: int, width: int) -> Tensor:
        stride = float(self.strides[level])
        y, x = paddle.meshgrid(
            paddle.arange(height, dtype="float32") * stride,
            paddle.arange(width, dtype="float32") * stride,
        )
        x, y = x.reshape([-1]), y.reshape([-1])
        shifts = paddle.stack((x, y, x, y), axis=1).reshape([-1, 1, 4])
        cell: Tensor = getattr(self, f"cell{level}")
        return (shifts + cell.reshape([1, -1, 4])).reshape([-1, 4])
