"""Terms of PP-YOLOE_seg's loss."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor


def varifocal_loss(scores: Tensor, targets: Tensor, positive: Tensor) -> Tensor:
    """Sum over all of the loss of arXiv:2008.13367 (eq. 2), with alpha 0.75 and gamma 2.

    scores and targets are float32 in 0..1 of one shape; positive is 1 where the target's class
    is present, else 0.
    """
    weight = 0.75 * scores.pow(2.0) * (1 - positive) + targets * positive
    return F.binary_cross_entropy(scores, targets, weight=weight, reduction="sum")


def distribution_focal_loss(bins: Tensor, distances: Tensor) -> Tensor:
    """arXiv:2006.04388 eq. 6: the two bins around a distance should have its share each.

    bins float32 [P, 4, B], logits; distances float32 [P, 4] in [0, B - 1). Returns the mean of
    the four sides, [P, 1].
    """
    lower = distances.floor()
    share_of_upper = distances - lower
    lower = lower.astype("int64")
    logs = F.log_softmax(bins, axis=-1)
    at_lower = paddle.take_along_axis(logs, lower.unsqueeze(-1), axis=-1).squeeze(-1)
    at_upper = paddle.take_along_axis(logs, lower.unsqueeze(-1) + 1, axis=-1).squeeze(-1)
    loss = -(at_lower * (1 - share_of_upper) + at_upper * share_of_upper)
    return loss.mean(axis=-1, keepdim=True)


def mask_loss(logits: Tensor, masks: Tensor, boxes: Tensor, shares: Tensor) -> Tensor:
    """Sum over P objects of the cross entropy within the box, per pixel of the box.

    logits float32 and masks 0 or 1 [P, h, w]; boxes [P, 4] x1 y1 x2 y2 in pixels of these; shares
    [P], the part of the image that a box covers. (arXiv:1904.02689 sec. 3, PaddleDetection
    ppyoloe_ins_head.py)
    """
    height, width = logits.shape[1:]
    entropy = F.binary_cross_entropy_with_logits(logits, masks, reduction="none")
    across = _between(boxes[:, 0:1], boxes[:, 2:3], width)
    down = _between(boxes[:, 1:2], boxes[:, 3:4], height)
    rows = paddle.bmm(entropy, across.unsqueeze(-1)).squeeze(-1)
    within = (rows * down).sum(axis=1)
    return (within / (height * width) / shares).sum()


def _between(low: Tensor, high: Tensor, size: int) -> Tensor:
    """[P, 1] and [P, 1] -> float32 [P, size], 1 at the whole numbers i with low <= i < high."""
    places = paddle.arange(size, dtype="float32").unsqueeze(0)
    return paddle.logical_and(places >= low, places < high).astype("float32")
