"""Samples with objects of both kinds, for tests of augmentation."""

from __future__ import annotations

from typing import Any

import numpy as np

from instseg_train.data.sample import Sample
from instseg_train.data.shapes import Bitmap, Polygons, Shape


def made_sample(size: tuple[int, int] = (90, 120), objects: int = 6, seed: int = 0) -> Sample:
    """Ellipses, every other one a bitmap, in an image whose red channel is the column and whose
    green channel is the row."""
    random = np.random.default_rng(seed)
    height, width = size
    y, x = np.mgrid[:height, :width]
    image = np.stack([x % 256, y % 256, (x + y) % 256], 2).astype(np.uint8)
    shapes: list[Shape] = []
    boxes = []
    for number in range(objects):
        radius = random.uniform(8, 14, 2)
        centre = random.uniform(radius, np.array([width, height]) - radius)
        x1, y1 = centre - radius
        x2, y2 = centre + radius
        if number % 2:
            inside = ((np.stack([x, y], 2) + 0.5 - centre) / radius) ** 2
            left, top, right, bottom = int(x1), int(y1), int(np.ceil(x2)), int(np.ceil(y2))
            pixels = (inside.sum(axis=2) <= 1)[top:bottom, left:right]
            shapes.append(Bitmap(left, top, pixels.astype(np.uint8)))
        else:
            angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
            corners = centre + radius * np.stack([np.cos(angle), np.sin(angle)], 1)
            shapes.append(Polygons([corners.astype(np.float32)]))
        boxes.append([x1, y1, x2, y2])
    return Sample(
        image=image,
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        class_ids=np.arange(objects, dtype=np.int64),
        crowd=np.zeros(objects, np.bool_),
        shapes=shapes,
        masks=None,
        image_id=7,
        original=size,
    )


def masks_of(sample: Sample) -> np.ndarray[Any, Any]:
    """uint8 [n, H, W]"""
    masks = np.zeros((len(sample), *sample.size), np.uint8)
    for mask, shape in zip(masks, sample.shapes, strict=True):
        shape.draw(mask)
    return masks


def boxes_of(masks: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """float64 [n, 4] around the pixels of each mask, none of which is empty."""
    boxes = []
    for mask in masks:
        rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
        boxes.append([columns[0], rows[0], columns[-1] + 1, rows[-1] + 1])
    return np.array(boxes, np.float64).reshape(-1, 4)
