"""Hungarian matching of queries to objects (arXiv:2005.12872 sec. 3.1) with mask costs
(arXiv:2206.02777 sec. 3.5)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
import paddle
import paddle.nn.functional as F
from paddle import Tensor
from scipy.optimize import linear_sum_assignment

from instseg_train.losses.giou import giou_loss
from instseg_train.models.mask_rtdetr.box_geometry import corners
from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.loss_weights import LossWeights
from instseg_train.models.mask_rtdetr.matching import Matching
from instseg_train.models.mask_rtdetr.point_sampling import at_points
from instseg_train.models.mask_rtdetr.prediction import Prediction
from instseg_train.models.mask_rtdetr.randomness import Randomness

ALPHA, GAMMA, TINY = 0.25, 2.0, 1e-8


class HungarianMatcher:
    """Gives each object the query that it costs least to learn it, each query at most one object.

    weights  of the costs: of class, box, generalised IoU, mask and dice
    points   number of points of an image at which masks are compared
    """

    def __init__(self, weights: LossWeights, points: int):
        self.weights = weights
        self.points = points

    def __call__(
        self,
        predictions: Sequence[Prediction],
        prototypes: Tensor,
        truth: GroundTruth,
        randomness: Randomness,
    ) -> list[Matching]:
        """One matching per prediction; every prediction is of the same N images."""
        with paddle.no_grad():
            costs = [self._costs(item, prototypes, truth, randomness) for item in predictions]
            return [_assign(matrices, truth) for matrices in costs]

    def _costs(
        self,
        prediction: Prediction,
        prototypes: Tensor,
        truth: GroundTruth,
        randomness: Randomness,
    ) -> list[Tensor]:
        """For each image [Q, n] float32; n objects."""
        points = randomness.points(len(truth.counts), self.points)
        planes = at_points(prototypes, points.unsqueeze(1)).squeeze(2)
        masks = paddle.bmm(prediction.coefficients, planes)
        costs = []
        for image, (start, count) in enumerate(zip(truth.starts, truth.counts, strict=True)):
            if count == 0:
                costs.append(paddle.zeros([masks.shape[1], 0]))
                continue
            own = slice(start, start + count)
            targets = at_points(truth.masks[own].unsqueeze(0), points[image : image + 1, None])
            class_cost = class_costs(prediction.logits[image], truth.labels[own])
            box_cost, giou_cost = box_costs(prediction.boxes[image], truth.boxes[own])
            mask_cost, dice_cost = mask_costs(masks[image], targets.squeeze([0, 2]))
            costs.append(
                self.weights.class_ * class_cost
                + self.weights.bbox * box_cost
                + self.weights.giou * giou_cost
                + self.weights.mask * mask_cost
                + self.weights.dice * dice_cost
            )
        return costs


def class_costs(logits: Tensor, labels: Tensor) -> Tensor:
    """Focal cost of calling a query by an object's class instead of none: float32 logits [Q, K] and
    labels [n] -> [Q, n]."""
    prob = F.sigmoid(paddle.gather(logits, labels, axis=1))
    without = (1 - ALPHA) * prob**GAMMA * -paddle.log(1 - prob + TINY)
    with_it = ALPHA * (1 - prob) ** GAMMA * -paddle.log(prob + TINY)
    return with_it - without


def box_costs(boxes: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """L1 distance, and -GIoU: boxes cx, cy, w, h [Q, 4] and [n, 4] -> two [Q, n]."""
    boxes, targets = boxes.unsqueeze(1), targets.unsqueeze(0)
    distance = (boxes - targets).abs().sum(-1)
    return distance, giou_loss(corners(boxes), corners(targets)) - 1


def mask_costs(logits: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Mean binary cross-entropy and dice loss over P points: logits [Q, P] and targets [n, P] in
    [0, 1] -> two [Q, n]."""
    # The cross-entropy of logit x and target t is log(1 + exp(x)) - x t.
    entropy = F.softplus(logits).sum(-1, keepdim=True) - paddle.matmul(
        logits, targets, transpose_y=True
    )
    prob = F.sigmoid(logits)
    overlap = 2 * paddle.matmul(prob, targets, transpose_y=True)
    total = prob.sum(-1, keepdim=True) + targets.sum(-1).unsqueeze(0)
    return entropy / logits.shape[-1], 1 - (overlap + 1) / (total + 1)


def _assign(costs: list[Tensor], truth: GroundTruth) -> Matching:
    """The cheapest assignment of each image [Q, n]; objects in ascending order."""
    queries: list[npt.NDArray[np.int64]] = []
    targets: list[npt.NDArray[np.int64]] = []
    for image, (start, matrix) in enumerate(zip(truth.starts, costs, strict=True)):
        values = matrix.numpy()
        if not np.isfinite(values).all():
            raise FloatingPointError(
                "the costs of matching are not finite: the training has diverged; try a lower "
                "learning rate"
            )
        query, target = linear_sum_assignment(values)
        order = np.argsort(target)
        queries.append(query[order] + image * values.shape[0])
        targets.append(target[order] + start)
    return Matching(
        queries=paddle.to_tensor(np.concatenate(queries)[:, None], dtype="int64"),
        targets=paddle.to_tensor(np.concatenate(targets), dtype="int64"),
        counts=[len(target) for target in targets],
        groups=1,
    )
