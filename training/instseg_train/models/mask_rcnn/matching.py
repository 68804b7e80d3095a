"""Which object a box belongs to."""

from __future__ import annotations

from dataclasses import dataclass

import paddle
from paddle import Tensor

from instseg_train.boxes.pairwise_iou import pairwise_iou
from instseg_train.models.mask_rcnn.ground_truth import GroundTruth


@dataclass(frozen=True)
class Match:
    """For A boxes: label int32 [A] (1 foreground, 0 background, -1 neither) and object int64 [A],
    the place in the ground truth that overlaps most (0 where there is none)."""

    label: Tensor
    object: Tensor


def match(
    boxes: Tensor,
    truth: GroundTruth,
    *,
    foreground_iou: float,
    background_iou: float,
    keep_best: bool = False,
) -> Match:
    """Boxes float32 [A, 4] with the objects of their image that are no crowd.

    Foreground from foreground_iou on, background below background_iou. keep_best: the best boxes
    of an object are foreground, however little they overlap (arXiv:1506.01497, section 3.1.2).
    """
    objects = paddle.nonzero(truth.crowd == 0).flatten()
    if objects.shape[0] == 0:
        count = boxes.shape[0]
        return Match(paddle.zeros([count], "int32"), paddle.zeros([count], "int64"))
    iou = pairwise_iou(truth.boxes.gather(objects), boxes)
    best = iou.max(axis=0)
    label = paddle.full_like(best, -1, "int32")
    label = paddle.where(best < background_iou, paddle.zeros_like(label), label)
    label = paddle.where(best >= foreground_iou, paddle.ones_like(label), label)
    if keep_best:
        of_object = iou.max(axis=1, keepdim=True)
        is_best = paddle.logical_and(iou > 0, iou == of_object).any(axis=0)
        label = paddle.where(is_best, paddle.ones_like(label), label)
    return Match(label, objects.gather(iou.argmax(axis=0)))
