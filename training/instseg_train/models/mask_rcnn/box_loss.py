"""Losses of a box stage (arXiv:1504.08083, section 2.3)."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.boxes.box_deltas import Factors, deltas_from_boxes
from instseg_train.losses.over_processes import own_share
from instseg_train.models.mask_rcnn.box_examples import BoxExamples


def box_losses(
    logits: Tensor, deltas: Tensor, examples: Sequence[BoxExamples], factors: Factors
) -> tuple[Tensor, Tensor]:
    """Cross entropy and L1 of foreground's deltas, both per example, over all images.

    logits float32 [R, K + 1], background last; deltas float32 [R, 4 * K], or [R, 4], the same for
    all classes.
    """
    classes = paddle.concat([image.classes for image in examples])
    share = own_share(classes.shape[0])
    score_loss = F.cross_entropy(logits, classes) * share
    num_classes = logits.shape[1] - 1
    foreground = paddle.nonzero(classes < num_classes).flatten()
    if foreground.shape[0] == 0:
        return score_loss, deltas[:1].sum() * 0.0
    boxes = paddle.concat([image.boxes for image in examples]).gather(foreground)
    targets = paddle.concat([image.targets for image in examples]).gather(foreground)
    own = deltas
    if deltas.shape[1] > 4:  # the four of the box's class, of all rows as [R * K, 4]
        own = deltas.reshape([-1, 4])
        foreground = foreground * num_classes + classes.gather(foreground)
    wanted = deltas_from_boxes(boxes, targets, factors)
    distance = paddle.abs(own.gather(foreground) - wanted).sum()
    return score_loss, distance / classes.shape[0] * share
