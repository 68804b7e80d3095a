"""Task-aligned assignment: which anchors learn which object (arXiv:2108.07755 sec. 3.2)."""

from __future__ import annotations

from dataclasses import dataclass

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.boxes.overlap import overlap_and_union
from instseg_train.models.ppyoloe_seg.ground_truth import PaddedObjects

EPSILON = 1e-9


@dataclass(frozen=True)
class Assignment:
    """N images, A anchors. An anchor that is not positive has a score of 0 and no object."""

    positive: Tensor  # bool [N, A]
    objects: Tensor  # int64 [N, A], index of the object within its image
    score: Tensor  # float32 [N, A], what the score of the object's class should be


class TaskAlignedAssigner:
    """An anchor is a candidate of an object when its point is inside the object's box and it is one
    of the `candidates` best by score ** score_power * iou ** iou_power.

    An anchor that is candidate of several objects learns the one that its predicted box overlaps
    most, be it among those or not. Scores to learn are the alignments, scaled so that the best of
    an object is its largest IoU (PaddleDetection task_aligned_assigner.py).
    """

    def __init__(self, candidates: int = 13, score_power: float = 1.0, iou_power: float = 6.0):
        self.candidates = candidates
        self.score_power = score_power
        self.iou_power = iou_power

    @paddle.no_grad()
    def __call__(
        self, scores: Tensor, boxes: Tensor, points: Tensor, truth: PaddedObjects
    ) -> Assignment:
        """Predicted scores [N, A, K] in 0..1 and boxes [N, A, 4], points [A, 2], all in pixels."""
        images, anchors = boxes.shape[:2]
        if not truth.most:
            return Assignment(
                paddle.zeros([images, anchors], "bool"),
                paddle.zeros([images, anchors], "int64"),
                paddle.zeros([images, anchors]),
            )
        overlap = pairwise_iou(truth.boxes, boxes)  # [N, M, A], as all below but where said
        alignment = (
            _scores_of(truth.class_ids, scores) ** self.score_power * overlap**self.iou_power
        )
        inside = points_inside(points, truth.boxes)
        best = paddle.topk(alignment * inside, min(self.candidates, anchors), axis=-1)[1]
        candidate = paddle.put_along_axis(
            paddle.zeros_like(inside), best, paddle.ones([1]), axis=-1
        )
        candidate = candidate * inside * truth.present

        nearest = F.one_hot(overlap.argmax(axis=1), truth.most).transpose([0, 2, 1])
        contested = candidate.sum(axis=1, keepdim=True) > 1
        chosen = paddle.where(contested, nearest, candidate)

        alignment = alignment * chosen
        largest = alignment.max(axis=-1, keepdim=True)
        largest_iou = (overlap * chosen).max(axis=-1, keepdim=True)
        score = (alignment / (largest + EPSILON) * largest_iou).max(axis=1)
        return Assignment(chosen.sum(axis=1) > 0, chosen.argmax(axis=1), score)


def pairwise_iou(boxes: Tensor, others: Tensor) -> Tensor:
    """float32 [N, M, 4] and [N, A, 4] -> IoU [N, M, A]; of two empty boxes it is 0."""
    overlap, union = overlap_and_union(boxes.unsqueeze(2), others.unsqueeze(1))
    return overlap / (union + EPSILON)


def points_inside(points: Tensor, boxes: Tensor) -> Tensor:
    """float32 [A, 2] and [N, M, 4] -> 1 or 0 [N, M, A]; points on the border are outside."""
    low, high = boxes[:, :, None, :2], boxes[:, :, None, 2:]
    margins = paddle.minimum(points - low, high - points).min(axis=-1)
    return (margins > EPSILON).astype("float32")


def _scores_of(class_ids: Tensor, scores: Tensor) -> Tensor:
    """int64 [N, M], float32 [N, A, K] -> the scores [N, M, A] of each object's class."""
    images, objects = class_ids.shape
    image = paddle.arange(images, dtype="int64").unsqueeze(1).expand([images, objects])
    return scores.transpose([0, 2, 1]).gather_nd(paddle.stack([image, class_ids], axis=-1))
