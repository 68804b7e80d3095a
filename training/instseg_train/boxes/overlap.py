"""What boxes share and cover together."""

from __future__ import annotations

import paddle
from paddle import Tensor


def overlap_and_union(boxes: Tensor, others: Tensor) -> tuple[Tensor, Tensor]:
    """float32 [..., 4] x1, y1, x2, y2 of both, broadcast -> areas [...] of both kinds."""
    low = paddle.maximum(boxes[..., :2], others[..., :2])
    high = paddle.minimum(boxes[..., 2:], others[..., 2:])
    overlap = area((high - low).clip(0))
    return overlap, area(_size(boxes)) + area(_size(others)) - overlap


def area(size: Tensor) -> Tensor:
    """float32 [..., 2] width, height -> [...]."""
    return size[..., 0] * size[..., 1]


def _size(boxes: Tensor) -> Tensor:
    return boxes[..., 2:] - boxes[..., :2]
