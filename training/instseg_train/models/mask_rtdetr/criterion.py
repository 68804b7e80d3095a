"""The total loss: of the last layer, of all layers before it, and of the denoising queries."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
from paddle import Tensor

from instseg_train.losses.over_processes import mean_over_processes
from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.loss_weights import LossWeights
from instseg_train.models.mask_rtdetr.losses import (
    box_losses,
    box_quality,
    class_loss,
    focal_loss,
    mask_losses,
    mask_quality,
    matched_boxes,
    matched_masks,
    matched_truth,
)
from instseg_train.models.mask_rtdetr.matcher import HungarianMatcher
from instseg_train.models.mask_rtdetr.matching import Matching
from instseg_train.models.mask_rtdetr.point_sampling import at_points, uncertain_points
from instseg_train.models.mask_rtdetr.prediction import Prediction
from instseg_train.models.mask_rtdetr.randomness import Randomness

PARTS = ("class", "bbox", "giou", "mask", "dice")


class Criterion:
    """Loss of Mask-RT-DETR.

    weights       of its parts
    points        of each mask, at which the masks are compared
    oversampling  candidates for them, as a multiple
    uncertain     the fraction of points that is taken where the mask is uncertain
    """

    def __init__(
        self,
        weights: LossWeights | None = None,
        *,
        points: int = 12544,
        oversampling: float = 3.0,
        uncertain: float = 0.75,
    ):
        self.weights = weights or LossWeights()
        self.points = points
        self.oversampling = oversampling
        self.uncertain = uncertain
        self.matcher = HungarianMatcher(self.weights, points)

    def __call__(
        self,
        predictions: Sequence[Prediction],
        denoised: Sequence[Prediction],
        denoising: Matching | None,
        prototypes: Tensor,
        truth: GroundTruth,
        randomness: Randomness,
    ) -> dict[str, Tensor]:
        """Losses by name, `loss` last: their total. Those of all predictions but the last are
        summed up as `loss_*_aux`; those of `denoised`, with their matching, are `loss_*_dn`."""
        # Every process takes part in the mean, whether it has objects or not.
        total = float(mean_over_processes(paddle.to_tensor(float(truth.total))))
        if truth.total:
            matchings = self.matcher(predictions, prototypes, truth, randomness)
            of_layers = self.layers(predictions, matchings, prototypes, truth, randomness, total)
        else:
            of_layers = self._background(predictions)
        if denoising is not None:
            copies = [denoising] * len(denoised)
            of_copies = self.layers(denoised, copies, prototypes, truth, randomness, total)
        else:
            of_copies = {name: paddle.zeros([]) for name in of_layers}
        losses = of_layers | {f"{name}_dn": value for name, value in of_copies.items()}
        losses["loss"] = paddle.add_n(list(losses.values()))
        return losses

    def layers(
        self,
        predictions: Sequence[Prediction],
        matchings: Sequence[Matching],
        prototypes: Tensor,
        truth: GroundTruth,
        randomness: Randomness,
        total: float,
    ) -> dict[str, Tensor]:
        """The weighted losses of layers with their matchings, per object; total: of objects, the
        mean over all processes."""
        end = len(predictions) - 1
        *before, last = (
            self.prediction(item, matching, prototypes, truth, randomness, last=index == end)
            for index, (item, matching) in enumerate(zip(predictions, matchings, strict=True))
        )
        # Each denoising group counts as one copy of the ground truth.
        count = max(1.0, total * matchings[-1].groups)
        return _named(last, before, [weight / count for weight in self.weights])

    def prediction(
        self,
        prediction: Prediction,
        matching: Matching,
        prototypes: Tensor,
        truth: GroundTruth,
        randomness: Randomness,
        *,
        last: bool,
    ) -> list[Tensor]:
        """Sums of the five parts of one layer. The last layer's scores learn the IoU of the masks,
        the others' that of the boxes."""
        truth = matched_truth(truth, matching)
        boxes = matched_boxes(prediction, matching)
        masks = matched_masks(prediction, prototypes, matching)
        with paddle.no_grad():
            if last:
                height, width = masks.shape[1:]
                targets = truth.masks_at(2 * height, 2 * width)
                quality = mask_quality(masks, targets, matching.groups)
            else:
                quality = box_quality(boxes, truth.boxes)
        return [
            class_loss(prediction.logits, truth.labels, quality, matching),
            *box_losses(boxes, truth.boxes),
            *self._mask_losses(masks, truth.masks, matching.groups, randomness),
        ]

    def _mask_losses(
        self, masks: Tensor, targets: Tensor, groups: int, randomness: Randomness
    ) -> tuple[Tensor, Tensor]:
        """Of logits [M * G, h, w] and targets [M, H, W]."""
        points = uncertain_points(
            masks,
            randomness,
            count=self.points,
            oversampling=self.oversampling,
            uncertain=self.uncertain,
        )
        logits = at_points(masks.unsqueeze(1), points.unsqueeze(1))
        with paddle.no_grad():
            wanted = at_points(targets.unsqueeze(1), points.reshape([-1, groups, self.points, 2]))
        return mask_losses(logits.reshape([-1, self.points]), wanted.reshape([-1, self.points]))

    def _background(self, predictions: Sequence[Prediction]) -> dict[str, Tensor]:
        """Of a batch without objects: only classes are learnt, by the focal loss."""
        nothing = [paddle.zeros([])] * 4
        *before, last = ([focal_loss(item.logits), *nothing] for item in predictions)
        return _named(last, before, list(self.weights))


def _named(
    last: list[Tensor], before: list[list[Tensor]], weights: list[float]
) -> dict[str, Tensor]:
    losses = {}
    for index, (part, weight) in enumerate(zip(PARTS, weights, strict=True)):
        losses[f"loss_{part}"] = weight * last[index]
    for index, (part, weight) in enumerate(zip(PARTS, weights, strict=True)):
        losses[f"loss_{part}_aux"] = weight * paddle.add_n([layer[index] for layer in before])
    return losses
