"""Intersection over union of every pair of boxes."""

from __future__ import annotations

import paddle
from paddle import Tensor

from instseg_train.boxes.overlap import overlap_and_union


def pairwise_iou(first: Tensor, second: Tensor) -> Tensor:
    """float32 [M, 4] and [N, 4] x1, y1, x2, y2 -> float32 [M, N]; 0 where nothing is shared."""
    shared, union = overlap_and_union(first.unsqueeze(1), second)
    return paddle.where(shared > 0, shared / union, paddle.zeros_like(shared))
