"""Predictions and ground truth of noise, for tests of losses and of the matcher."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle

from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.prediction import Prediction
from instseg_train.models.mask_rtdetr.randomness import Randomness


def drawn_boxes(random: np.random.Generator, *shape: int) -> paddle.Tensor:
    """[*shape, 4] cx, cy, w, h, mostly inside the image."""
    centre, size = random.uniform(0.2, 0.8, [*shape, 2]), random.uniform(0.05, 0.5, [*shape, 2])
    return paddle.to_tensor(np.concatenate([centre, size], -1).astype("float32"))


def drawn_truth(
    random: np.random.Generator, counts: list[int], classes: int, size: tuple[int, int]
) -> GroundTruth:
    """Masks of noisy blobs of size [H, W]."""
    total = sum(counts)
    height, width = size
    rows, columns = np.mgrid[:height, :width]
    masks = np.zeros([total, height, width], np.float32)
    for mask in masks:
        y, x, reach = random.uniform(0, height), random.uniform(0, width), random.uniform(3, 12)
        mask[:] = np.hypot(rows - y, columns - x) < reach + random.normal(0, 1, size)
    return GroundTruth(
        counts=counts,
        boxes=drawn_boxes(random, total),
        labels=paddle.to_tensor(random.integers(0, classes, total)).astype("int64"),
        masks=paddle.to_tensor(masks),
    )


def drawn_prediction(
    random: np.random.Generator, images: int, queries: int, classes: int, prototypes: int
) -> Prediction:
    def normal(*shape: int) -> paddle.Tensor:
        return paddle.to_tensor(random.normal(0, 1, [images, queries, *shape]).astype("float32"))

    return Prediction(
        normal(classes) * 2.0, drawn_boxes(random, images, queries), normal(prototypes)
    )


class RememberedDraws(Randomness):
    """Draws as Randomness does and keeps what it has drawn, in order."""

    def __init__(self) -> None:
        self.drawn: list[np.ndarray] = []

    def points(self, sets: int, count: int) -> paddle.Tensor:
        return self._kept(super().points(sets, count))

    def uniform(self, shape: Sequence[int]) -> paddle.Tensor:
        return self._kept(super().uniform(shape))

    def labels(self, shape: Sequence[int], num_classes: int) -> paddle.Tensor:
        return self._kept(super().labels(shape, num_classes))

    def _kept(self, drawn: paddle.Tensor) -> paddle.Tensor:
        self.drawn.append(drawn.numpy())
        return drawn


class SamePoints(Randomness):
    """The first points of one list, for every set."""

    def __init__(self, most: int, seed: int = 0):
        random = np.random.default_rng(seed)
        self.list = random.uniform(0, 1, [most, 2]).astype("float32")

    def points(self, sets: int, count: int) -> paddle.Tensor:
        return paddle.to_tensor(self.list[:count]).tile([sets, 1, 1])
