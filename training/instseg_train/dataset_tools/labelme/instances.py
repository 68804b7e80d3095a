"""From the shapes of one picture to instances: cut at the edge, joined by group, measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from instseg_train.dataset_tools.labelme.shapes import Bitmap, Points, ShapeFault

_SLACK = 1.0
"""Pixels beyond the edge that nobody needs to hear of."""


@dataclass(frozen=True)
class Instance:
    """segmentation, bbox [x, y, w, h] and area (pixels of the mask) as COCO has them."""

    segmentation: list[list[float]] | dict[str, Any]
    bbox: list[float]
    area: int


def cut(points: Points, size: tuple[int, int]) -> tuple[Points, float]:
    """The polygon inside of the image, and how far it lay out, in pixels.

    size: height, width. Each side of the image cuts what lies beyond it (Sutherland and Hodgman);
    a polygon that is left in several parts stays one ring along the edge. Raises ShapeFault where
    nothing is left.
    """
    height, width = size
    low, high = points.min(0), points.max(0)
    beyond = float(max(-low[0], -low[1], high[0] - width, high[1] - height, 0.0))
    if beyond == 0:
        return points, 0.0
    for axis, limit, sign in ((0, 0.0, 1), (0, float(width), -1), (1, 0.0, 1), (1, height, -1)):
        points = _cut_side(points, axis, float(limit), sign)
        if len(points) < 3:
            message = (
                f"x {low[0]:.6g} to {high[0]:.6g}, y {low[1]:.6g} to {high[1]:.6g}, image of "
                f"{width} x {height}"
            )
            raise ShapeFault("shape-outside", message)
    return points, beyond if beyond > _SLACK else 0.0


def _cut_side(points: Points, axis: int, limit: float, sign: int) -> Points:
    kept = []
    for a, b in zip(points, np.roll(points, -1, axis=0), strict=True):
        a_in, b_in = (sign * (p[axis] - limit) >= 0 for p in (a, b))
        if a_in:
            kept.append(a)
        if a_in != b_in:
            crossing = a + (b - a) * ((limit - a[axis]) / (b[axis] - a[axis]))
            crossing[axis] = limit
            kept.append(crossing)
    return np.asarray(kept).reshape(-1, 2)


def join(parts: Sequence[Points | Bitmap], size: tuple[int, int]) -> Instance:
    """One instance of all parts: polygons as they are; run lengths if one of them is a mask.

    Raises ShapeFault where it has no pixel.
    """
    polygons = [np.round(part, 2).ravel().tolist() for part in parts if part.dtype != np.bool_]
    rles = coco_mask.frPyObjects(polygons, *size) if polygons else []
    rles += [
        coco_mask.encode(np.asfortranarray(part, np.uint8))
        for part in parts
        if part.dtype == np.bool_
    ]
    rle = coco_mask.merge(rles)
    area = int(coco_mask.area(rle))
    if area == 0:
        raise ShapeFault("shape-empty", "its outline holds no pixel's centre")
    segmentation: Any = polygons
    if len(polygons) < len(parts):
        segmentation = {"size": list(size), "counts": rle["counts"].decode("ascii")}
    return Instance(segmentation, coco_mask.toBbox(rle).tolist(), area)
