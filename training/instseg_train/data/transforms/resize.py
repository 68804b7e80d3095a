"""Images to another size, with their objects."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from instseg_train.data.sample import Sample
from instseg_train.data.transforms.rasterise import select_objects


@dataclass(frozen=True)
class Resize:
    """To one of `sizes`, chosen evenly.

    sizes          height, width; with keep_ratio: shorter and longest side, in any order
    keep_ratio     as large as both sides allow
    interpolation  OpenCV's number: 0 nearest, 1 linear, 2 cubic, 3 area, 4 Lanczos

    Masks take the nearest pixel. Boxes are cut off at the image's edge, and objects whose box
    lies outside are left out.
    """

    sizes: Sequence[tuple[int, int]]
    keep_ratio: bool
    interpolation: int

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        target = self.sizes[int(random.integers(len(self.sizes)))]
        size = fitting_size(sample.size, target) if self.keep_ratio else target
        return resize(sample, size, self.interpolation)


def fitting_size(size: tuple[int, int], target: tuple[int, int]) -> tuple[int, int]:
    """height, width -> the largest of the same ratio whose shorter and longer side are at most
    target's (PaddleDetection operators.py Resize: halves round up)."""
    scale = min(min(target) / min(size), max(target) / max(size))
    return max(1, int(scale * size[0] + 0.5)), max(1, int(scale * size[1] + 0.5))


def resize(sample: Sample, size: tuple[int, int], interpolation: int) -> Sample:
    """The sample at `size` height, width."""
    height, width = size
    old_height, old_width = sample.size
    scale = np.array([width / old_width, height / old_height], np.float32)
    boxes = sample.boxes * np.tile(scale, 2)
    boxes = np.clip(boxes, 0, np.array([width, height, width, height], np.float32))
    polygons = sample.polygons
    if polygons is not None:
        polygons = [[(p.reshape(-1, 2) * scale).ravel() for p in parts] for parts in polygons]
    resized = replace(
        sample,
        image=_resized(sample.image, size, interpolation),
        boxes=boxes,
        polygons=polygons,
        masks=None if sample.masks is None else _nearest(sample.masks, size),
    )
    return select_objects(resized, (boxes[:, :2] < boxes[:, 2:]).all(axis=1))


def _resized(
    image: npt.NDArray[Any], size: tuple[int, int], interpolation: int
) -> npt.NDArray[Any]:
    if image.shape[:2] == size:
        return image
    resized: npt.NDArray[Any] = cv2.resize(
        np.ascontiguousarray(image), size[::-1], interpolation=interpolation
    )
    return resized


def _nearest(masks: npt.NDArray[np.uint8], size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """OpenCV's nearest neighbour: the pixel at floor(i * old / new)."""
    if masks.shape[1:] == size:
        return masks
    rows, columns = (
        np.minimum(np.floor(np.arange(new) * (old / new)).astype(np.intp), old - 1)
        for new, old in zip(size, masks.shape[1:], strict=True)
    )
    return masks[:, rows[:, None], columns]
