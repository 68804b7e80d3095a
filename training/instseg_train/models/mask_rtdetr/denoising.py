"""Denoising queries (DN-DETR, arXiv:2203.01305 sec. 4): noisy copies of the ground truth, in
groups, that the decoder learns to put right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor

from instseg_train.models.mask_rtdetr.box_geometry import inverse_sigmoid
from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.matching import Matching
from instseg_train.models.mask_rtdetr.randomness import Randomness


@dataclass(frozen=True)
class DenoisingSettings:
    """queries      about how many denoising queries an image gets; 0: none
    label_noise  half of this fraction of the labels is drawn anew (sec. 4.2)
    box_noise    centres move by up to this fraction of half the size, sizes by this fraction
    """

    queries: int = 100
    label_noise: float = 0.5
    box_noise: float = 1.0


@dataclass(frozen=True)
class DenoisingGroups:
    """G groups of n slots, n the largest number of objects of an image; D = G n queries per image.

    labels      int64 [N, D]; K in slots that an image has no object for
    box_logits  float32 [N, D, 4]: noisy cx, cy, w, h before the sigmoid
    mask        float32 [D + Q, D + Q], added to the scores of self-attention
    matching    of the objects to their G copies; query indices count D queries per image
    """

    labels: Tensor
    box_logits: Tensor
    mask: Tensor
    matching: Matching

    @property
    def size(self) -> int:
        return int(self.labels.shape[1])


def denoising_groups(
    truth: GroundTruth,
    settings: DenoisingSettings,
    num_classes: int,
    num_queries: int,
    randomness: Randomness,
) -> DenoisingGroups | None:
    """The batch's groups; None where there is nothing to denoise."""
    slots = max(truth.counts, default=0)
    if settings.queries <= 0 or slots == 0:
        return None
    groups = max(1, settings.queries // slots)
    images, size = len(truth.counts), groups * slots
    # Where the objects stand in one group of each image: [M].
    places = np.concatenate(
        [image * slots + np.arange(count) for image, count in enumerate(truth.counts)]
    )
    labels = paddle.full([images * slots], num_classes, dtype="int64")
    boxes = paddle.zeros([images * slots, 4])
    at = paddle.to_tensor(places, dtype="int64")
    labels = paddle.scatter(labels, at, truth.labels).reshape([images, slots]).tile([1, groups])
    boxes = paddle.scatter(boxes, at, truth.boxes).reshape([images, slots, 4]).tile([1, groups, 1])

    redrawn = randomness.uniform([images, size]) < 0.5 * settings.label_noise
    fresh = randomness.labels([images, size], num_classes)
    labels = paddle.where(redrawn & (labels < num_classes), fresh, labels)
    width = boxes[..., 2:]
    reach = settings.box_noise * paddle.concat([0.5 * width, width], axis=-1)
    boxes = boxes + reach * (randomness.uniform([images, size, 4]) * 2.0 - 1.0)

    return DenoisingGroups(
        labels=labels,
        box_logits=inverse_sigmoid(boxes),
        mask=paddle.to_tensor(attention_mask(groups, slots, num_queries)),
        matching=_matching(truth, groups, slots),
    )


def attention_mask(groups: int, slots: int, num_queries: int) -> npt.NDArray[np.float32]:
    """0 where a query (row) may look at another (column), -inf where not (sec. 4.3).

    A denoising query sees its own group and the ordinary queries; ordinary queries see one another.
    float32 [groups * slots + num_queries] squared.
    """
    group = np.repeat(np.arange(groups + 1), [slots] * groups + [num_queries])
    seen = (group[:, None] == group) | (group == groups)
    return np.where(seen, 0.0, -np.inf).astype(np.float32)


def _matching(truth: GroundTruth, groups: int, slots: int) -> Matching:
    first = np.concatenate(
        [image * groups * slots + np.arange(count) for image, count in enumerate(truth.counts)]
    )
    return Matching(
        queries=paddle.to_tensor(first[:, None] + slots * np.arange(groups), dtype="int64"),
        targets=paddle.arange(truth.total, dtype="int64"),
        counts=truth.counts,
        groups=groups,
    )
