"""Losses of one prediction whose queries are matched to objects (arXiv:2206.02777 sec. 3.5;
PaddleDetection detr_loss.py)."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.losses.giou import giou_loss
from instseg_train.models.mask_rtdetr.box_geometry import box_iou, corners
from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.matching import Matching
from instseg_train.models.mask_rtdetr.prediction import Prediction


def focal_loss(logits: Tensor, alpha: float = 0.25, gamma: float = 2.0) -> Tensor:
    """Focal loss (arXiv:1708.02002 Eq. 5) of logits that all belong to the background; the sum."""
    prob = F.sigmoid(logits)
    return ((1 - alpha) * prob**gamma * F.softplus(logits)).sum()


def varifocal_loss(
    logits: Tensor, target: Tensor, positive: Tensor, alpha: float = 0.75, gamma: float = 2.0
) -> Tensor:
    """Varifocal loss (arXiv:2008.13367 Eq. 2): logits, target scores and positives (0 or 1), all
    [N, Q, K]; the sum."""
    prob = F.sigmoid(logits)
    weight = alpha * prob**gamma * (1 - positive) + target * positive
    return F.binary_cross_entropy_with_logits(logits, target, weight=weight, reduction="sum")


def class_loss(logits: Tensor, labels: Tensor, quality: Tensor, matching: Matching) -> Tensor:
    """Varifocal loss of logits [N, Q, K]: a matched query should give its object's label
    (labels [M]) the score `quality` [M, G], and everything else 0. The sum."""
    entries = matching.queries * logits.shape[-1] + labels.unsqueeze(1)
    entries = entries.flatten()
    empty = paddle.zeros([logits.size], logits.dtype)
    positive = paddle.scatter(empty, entries, paddle.ones([entries.shape[0]], logits.dtype))
    target = paddle.scatter(empty, entries, quality.flatten())
    return varifocal_loss(logits, target.reshape(logits.shape), positive.reshape(logits.shape))


def box_losses(boxes: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """L1 and GIoU losses of boxes [M, G, 4] and targets [M, 4], both cx, cy, w, h; the sums."""
    targets = targets.unsqueeze(1)
    distance = (boxes - targets).abs().sum()
    return distance, giou_loss(corners(boxes), corners(targets)).sum()


def mask_losses(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Binary cross-entropy (the mean over points) and dice loss of masks at their points: logits
    and targets in [0, 1], both [R, P]; the sums over masks."""
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none").mean(1).sum()
    prob = F.sigmoid(logits)
    overlap = 2 * (prob * targets).sum(1)
    dice = 1 - (overlap + 1) / (prob.sum(1) + targets.sum(1) + 1)
    return entropy, dice.sum()


def box_quality(boxes: Tensor, targets: Tensor) -> Tensor:
    """IoU of boxes [M, G, 4] with targets [M, 4], both cx, cy, w, h -> [M, G]."""
    return box_iou(corners(boxes), corners(targets.unsqueeze(1)))


def mask_quality(masks: Tensor, targets: Tensor, groups: int) -> Tensor:
    """IoU of masks (logits [M * G, h, w], G for each target) with targets, which are 0 or 1 at
    twice that size [M, 2h, 2w]: -> [M, G]."""
    height, width = targets.shape[1:]
    masks = F.interpolate(
        masks.unsqueeze(0), size=[height, width], mode="bilinear", align_corners=False
    )
    masks = (masks > 0).astype(targets.dtype).reshape([-1, groups, height * width])
    targets = targets.flatten(1).unsqueeze(-1)
    overlap = paddle.bmm(masks, targets).squeeze(-1)
    union = masks.sum(-1) + targets.sum(1) - overlap
    return (overlap + 1e-2) / (union + 1e-2)


def matched_boxes(prediction: Prediction, matching: Matching) -> Tensor:
    """[M, G, 4]"""
    boxes = paddle.gather(prediction.boxes.reshape([-1, 4]), matching.queries.flatten())
    return boxes.reshape([matching.total, matching.groups, 4])


def matched_masks(prediction: Prediction, prototypes: Tensor, matching: Matching) -> Tensor:
    """Mask logits of the matched queries alone: [M * G, h, w]."""
    size = prediction.coefficients.shape[-1]
    rows = paddle.gather(prediction.coefficients.reshape([-1, size]), matching.queries.flatten())
    planes = prototypes.flatten(2)
    parts = rows.split([count * matching.groups for count in matching.counts])
    masks = [
        paddle.matmul(part, planes[image]) for image, part in enumerate(parts) if part.shape[0]
    ]
    return paddle.concat(masks).reshape([-1, *prototypes.shape[2:]])


def matched_truth(truth: GroundTruth, matching: Matching) -> GroundTruth:
    """The matched objects; all of them, unless there are fewer queries than objects."""
    if matching.total == truth.total:
        return truth
    boxes, labels, masks = (
        paddle.gather(x, matching.targets) for x in (truth.boxes, truth.labels, truth.masks)
    )
    return GroundTruth(matching.counts, boxes, labels, masks)
