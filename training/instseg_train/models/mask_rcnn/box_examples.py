"""The boxes that the box and mask heads learn from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import paddle
from paddle import Tensor

from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.matching import Match, match
from instseg_train.models.mask_rcnn.sampling import Sampler, balanced


@dataclass(frozen=True)
class BoxExamples:
    """Examples of one image.

    boxes    float32 [R, 4]
    classes  int64 [R], the class of the object, K for background
    objects  int64 [R], the object's place in the ground truth (0 where there is none)
    targets  float32 [R, 4], the object's box (zeros where there is none)
    """

    boxes: Tensor
    classes: Tensor
    objects: Tensor
    targets: Tensor


@dataclass(frozen=True)
class BoxSampling:
    """How examples are chosen among the proposals (arXiv:1504.08083, section 2.3)."""

    samples_per_image: int = 512
    foreground_fraction: float = 0.25
    foreground_iou: float = 0.5

    def __call__(
        self,
        proposals: Sequence[Tensor],
        truths: Sequence[GroundTruth],
        num_classes: int,
        sampler: Sampler,
    ) -> list[BoxExamples]:
        """Of proposals float32 [P, 4] and the objects' own boxes, samples_per_image or fewer;
        foreground first."""
        examples = []
        for boxes, truth in zip(proposals, truths, strict=True):
            if len(truth) > 0:
                boxes = paddle.concat([boxes, truth.boxes])
            found = _match(boxes, truth, self.foreground_iou)
            foreground, background = balanced(
                found.label, self.samples_per_image, self.foreground_fraction, sampler
            )
            chosen = paddle.concat([foreground, background])
            part = Match(found.label.gather(chosen), found.object.gather(chosen))
            examples.append(_examples(boxes.gather(chosen), part, truth, num_classes))
        return examples


def label_all(
    boxes: Sequence[Tensor], truths: Sequence[GroundTruth], num_classes: int, foreground_iou: float
) -> list[BoxExamples]:
    """All boxes of each image are examples (arXiv:1712.00726: later stages do not sample)."""
    return [
        _examples(image, _match(image, truth, foreground_iou), truth, num_classes)
        for image, truth in zip(boxes, truths, strict=True)
    ]


def _match(boxes: Tensor, truth: GroundTruth, foreground_iou: float) -> Match:
    return match(boxes, truth, foreground_iou=foreground_iou, background_iou=foreground_iou)


def _examples(boxes: Tensor, found: Match, truth: GroundTruth, num_classes: int) -> BoxExamples:
    background = paddle.full_like(found.object, num_classes)
    if len(truth) == 0:
        return BoxExamples(boxes, background, found.object, paddle.zeros_like(boxes))
    classes = truth.classes.gather(found.object)
    return BoxExamples(
        boxes,
        paddle.where(found.label == 1, classes, background),
        found.object,
        truth.boxes.gather(found.object),
    )
