"""The losses of a matched query, and the costs of a pair, with plain numbers in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def cross_entropy(logit: float, target: float) -> float:
    p = sigmoid(logit)
    return -target * math.log(p) - (1 - target) * math.log(1 - p)


def corners(box: Sequence[float]) -> tuple[float, float, float, float]:
    cx, cy, w, h = (float(x) for x in box)
    return cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2


def iou_and_giou(box: Sequence[float], other: Sequence[float]) -> tuple[float, float]:
    """Of cx, cy, w, h (arXiv:1902.09630, Algorithm 1)."""
    a, b = corners(box), corners(other)
    width = max(min(a[2], b[2]) - max(a[0], b[0]), 0.0)
    height = max(min(a[3], b[3]) - max(a[1], b[1]), 0.0)
    overlap = width * height
    union = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1]) - overlap
    hull = (max(a[2], b[2]) - min(a[0], b[0])) * (max(a[3], b[3]) - min(a[1], b[1]))
    return overlap / union, overlap / union - (hull - union) / hull


def distance(box: Sequence[float], other: Sequence[float]) -> float:
    return sum(abs(float(x) - float(y)) for x, y in zip(box, other, strict=True))


def mask_entropy(logits: Array, targets: Array) -> float:
    pairs = zip(logits.tolist(), targets.tolist(), strict=True)
    return sum(cross_entropy(x, t) for x, t in pairs) / len(logits)


def dice(logits: Array, targets: Array) -> float:
    prob = np.array([sigmoid(x) for x in logits.tolist()])
    return float(1 - (2 * (prob * targets).sum() + 1) / (prob.sum() + targets.sum() + 1))


def varifocal(logits: Array, target: dict[tuple[int, ...], float]) -> float:
    """Of logits of any shape; target: the wanted score of each positive entry, by its index."""
    total = 0.0
    for index, logit in np.ndenumerate(logits):
        if index in target:
            total += target[index] * cross_entropy(float(logit), target[index])
        else:
            total += 0.75 * sigmoid(float(logit)) ** 2 * cross_entropy(float(logit), 0.0)
    return total


def focal_of_background(logits: Array) -> float:
    return sum(0.75 * sigmoid(x) ** 2 * cross_entropy(x, 0.0) for x in logits.ravel().tolist())


def class_cost(logit: float) -> float:
    p = sigmoid(logit)
    positive = 0.25 * (1 - p) ** 2 * -math.log(p + 1e-8)
    return positive - 0.75 * p**2 * -math.log(1 - p + 1e-8)
