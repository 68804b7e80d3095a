"""Generalised IoU loss (arXiv:1902.09630, Algorithm 2)."""

from __future__ import annotations

import paddle
from paddle import Tensor

from instseg_train.boxes.overlap import area, overlap_and_union

EPSILON = 1e-10


def giou_loss(boxes: Tensor, targets: Tensor) -> Tensor:
    """1 - GIoU: float32 [..., 4] x1, y1, x2, y2 of both, broadcast -> [...], from 0 to 2.

    EPSILON keeps the divisors above zero, where PaddleDetection iou_loss.py adds it.
    """
    overlap, union = overlap_and_union(boxes, targets)
    union = union + EPSILON
    outer_low = paddle.minimum(boxes[..., :2], targets[..., :2])
    outer_high = paddle.maximum(boxes[..., 2:], targets[..., 2:])
    hull = area(outer_high - outer_low) + EPSILON
    return 1 - (overlap / union - (hull - union) / hull)
