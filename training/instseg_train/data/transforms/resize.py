"""Images to another size, with their objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from instseg_train.data.sample import Sample

NEAREST, LINEAR, CUBIC, AREA, LANCZOS = range(5)
"""OpenCV's numbers."""


@dataclass(frozen=True)
class RandomResize:
    """To one of the sizes by one of the interpolations, chosen evenly.

    sizes           height, width; with keep_ratio: shorter and longer side, in any order
    keep_ratio      as large as both sides allow
    interpolations  OpenCV's numbers

    Bitmaps take the nearest pixel. Boxes are cut off at the image's edge; objects whose box lies
    outside are left out.
    """

    sizes: Sequence[tuple[int, int]]
    keep_ratio: bool
    interpolations: Sequence[int]

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        target = self.sizes[int(random.integers(len(self.sizes)))]
        interpolation = self.interpolations[int(random.integers(len(self.interpolations)))]
        size = fitting_size(sample.size, target) if self.keep_ratio else target
        return resize(sample, size, interpolation)


def fitting_size(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """height, width -> the largest of the same ratio whose shorter and longer side are at most
    target's (PaddleDetection operators.py Resize: halves round up)."""
    scale = min(min(target) / min(size), max(target) / max(size))
    return max(1, int(scale * size[0] + 0.5)), max(1, int(scale * size[1] + 0.5))


def resize(sample: Sample, size: tuple[int, int], interpolation: int) -> Sample:
    """The sample at `size` height, width."""
    old = sample.size
    image = sample.image
    if size != old:
        resized_image = cv2.resize(
            np.ascontiguousarray(image), size[::-1], interpolation=interpolation
        )
        image = np.asarray(resized_image, np.uint8)
    edges = np.array([size[1], size[0]] * 2, np.float32)
    scale = np.array([size[1] / old[1], size[0] / old[0]] * 2, np.float32)
    boxes = np.clip(sample.boxes * scale, 0, edges)
    resized = replace(
        sample,
        image=image,
        boxes=boxes,
        shapes=[shape.scaled(old, size) for shape in sample.shapes],
    )
    return resized.select(np.asarray((boxes[:, :2] < boxes[:, 2:]).all(axis=1)))
