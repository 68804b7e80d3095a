"""Anchor points: the centres of the cells of every level."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
from paddle import Tensor


def anchor_points(
    sizes: Sequence[tuple[int, int]], strides: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Points and strides of A = sum of h * w anchors, level after level, rows first.

    sizes are h, w of each level. Returns float32 [A, 2] x, y in cells of the anchor's own level,
    and float32 [A, 1], by which they are multiplied to give pixels.
    """
    points, steps = [], []
    for (height, width), stride in zip(sizes, strides, strict=True):
        y, x = np.mgrid[0:height, 0:width].astype(np.float32) + np.float32(0.5)
        points.append(np.stack([x.ravel(), y.ravel()], axis=1))
        steps.append(np.full([height * width, 1], stride, np.float32))
    return paddle.to_tensor(np.concatenate(points)), paddle.to_tensor(np.concatenate(steps))


def boxes_from_distances(points: Tensor, distances: Tensor) -> Tensor:
    """[A, 2] x, y and [N, A, 4] left, top, right, bottom -> [N, A, 4] x1, y1, x2, y2."""
    left_top, right_bottom = paddle.split(distances, 2, axis=-1)
    return paddle.concat([points - left_top, points + right_bottom], axis=-1)


def distances_from_boxes(points: Tensor, boxes: Tensor) -> Tensor:
    """[P, 2] x, y and [P, 4] x1, y1, x2, y2 -> [P, 4] left, top, right, bottom."""
    low, high = paddle.split(boxes, 2, axis=-1)
    return paddle.concat([points - low, high - points], axis=-1)
