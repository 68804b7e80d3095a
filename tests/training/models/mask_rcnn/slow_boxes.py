"""Boxes x1, y1, x2, y2 one at a time, in Python's floats: the twins that tests compare with."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]
Numbers = Sequence[float] | Array
Box = Numbers


def random_boxes(
    random: np.random.Generator, count: int, size: tuple[int, int], sides: tuple[float, float]
) -> Array:
    """float32 [count, 4]; corners start inside an image of height, width, and may end outside."""
    corner = random.uniform(0, 1, [count, 2]) * np.array([size[1], size[0]]) * 0.9
    return np.concatenate([corner, corner + random.uniform(*sides, [count, 2])], 1).astype(
        np.float32
    )


def slow_iou(a: Box, b: Box) -> float:
    width = max(min(float(a[2]), float(b[2])) - max(float(a[0]), float(b[0])), 0)
    height = max(min(float(a[3]), float(b[3])) - max(float(a[1]), float(b[1])), 0)
    shared = width * height
    return shared / (slow_area(a) + slow_area(b) - shared) if shared else 0.0


def slow_area(box: Box) -> float:
    return (float(box[2]) - float(box[0])) * (float(box[3]) - float(box[1]))


def slow_deltas(box: Box, target: Box, factors: Sequence[float] = (1, 1, 1, 1)) -> list[float]:
    """How `box` has to move to become `target`."""
    x, y, width, height = _centred(box)
    to_x, to_y, to_width, to_height = _centred(target)
    moves = (
        (to_x - x) / width,
        (to_y - y) / height,
        math.log(to_width / width),
        math.log(to_height / height),
    )
    return [factor * move for factor, move in zip(factors, moves, strict=True)]


def slow_moved(box: Box, deltas: Numbers, factors: Sequence[float]) -> list[float]:
    x, y, width, height = _centred(box)
    dx, dy, dw, dh = (float(d) / factor for d, factor in zip(deltas, factors, strict=True))
    x, y = x + dx * width, y + dy * height
    width *= min(math.exp(min(dw, 100)), 1000 / 16)
    height *= min(math.exp(min(dh, 100)), 1000 / 16)
    return [x - width / 2, y - height / 2, x + width / 2, y + height / 2]


def slow_clipped(box: Box, height: float, width: float) -> list[float]:
    return [
        min(max(value, 0.0), limit)
        for value, limit in zip(box, (width, height, width, height), strict=True)
    ]


def slow_nms(boxes: Sequence[Box], scores: Numbers, threshold: float) -> list[int]:
    """Places of the boxes that no better one, kept before, overlaps by more than the threshold."""
    kept: list[int] = []
    for i in sorted(range(len(boxes)), key=lambda i: -scores[i]):
        if all(slow_iou(boxes[i], boxes[j]) <= threshold for j in kept):
            kept.append(i)
    return kept


def _centred(box: Box) -> tuple[float, float, float, float]:
    x1, y1, x2, y2 = (float(value) for value in box)
    return (x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1
