"""Intersection over union of every pair of boxes."""

from __future__ import annotations

import paddle
from paddle import Tensor


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """float32 [M, 4] and [N, 4] x1, y1, x2, y2 -> float32 [M, N]; 0 where nothing is shared."""
    first_x1, first_y1, first_x2, first_y2 = first.unsqueeze(1).unbind(2)  # [M, 1] each
    x1, y1, x2, y2 = second.unbind(1)
    width = (paddle.minimum(first_x2, x2) - paddle.maximum(first_x1, x1)).clip(min=0)
    height = (paddle.minimum(first_y2, y2) - paddle.maximum(first_y1, y1)).clip(min=0)
    shared = width * height
    first_area = (first_x2 - first_x1) * (first_y2 - first_y1)
    union = first_area + (x2 - x1) * (y2 - y1) - shared
    return paddle.where(shared > 0, shared / union, paddle.zeros_like(shared))
