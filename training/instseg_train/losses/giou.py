"""Generalised IoU loss (arXiv:1902.09630, Algorithm 2)."""

from __future__ import annotations

import paddle
from paddle import Tensor

EPSILON = 1e-10


def giou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """1 - GIoU of each pair: float32 [P, 4] and [P, 4] x1 y1 x2 y2 -> [P, 1], from 0 to 2.

    EPSILON keeps the divisors above zero, where PaddleDetection iou_loss.py adds it.
    """
    size = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1, keepdim=True)
    target_size = (targets[:, 2:] - targets[:, :2]).prod(axis=1, keepdim=True)
    low = paddle.maximum(boxes[:, :2], targets[:, :2])
    high = paddle.minimum(boxes[:, 2:], targets[:, 2:])
    overlap = (high - low).clip(0).prod(axis=1, keepdim=True)
    union = size + target_size - overlap + EPSILON
    outer_low = paddle.minimum(boxes[:, :2], targets[:, :2])
    outer_high = paddle.maximum(boxes[:, 2:], targets[:, 2:])
    hull = (outer_high - outer_low).prod(axis=1, keepdim=True) + EPSILON
    return 1 - (overlap / union - (hull - union) / hull)
