"""A part of the image that shows enough of some object (arXiv:1512.02325, sec. 2.2)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from instseg_train.data.sample import Sample

ATTEMPTS = 50


@dataclass(frozen=True)
class RandomCrop:
    """With this probability, a part whose overlap with some object's box is at least a threshold.

    thresholds    IoUs, tried in random order until a part is found; one turn more leaves the image
                  whole
    scaling       square root of the part's share of the image: least, most
    aspect_ratio  width / height relative to the image: least, most

    Objects stay whose box has its centre in the part. The image stays whole if it has no objects.
    """

    probability: float = 1.0
    thresholds: Sequence[float] = (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)
    scaling: tuple[float, float] = (0.3, 1.0)
    aspect_ratio: tuple[float, float] = (0.5, 2.0)

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        if random.random() > self.probability or not len(sample):
            return sample
        for turn in random.permutation(len(self.thresholds) + 1):
            if turn == len(self.thresholds):
                return sample
            for _ in range(ATTEMPTS):
                part = self._part(sample.size, random)
                if part is None or _overlap(sample.boxes, part).max() < self.thresholds[turn]:
                    continue
                if _centred(sample.boxes, part).any():
                    return crop(sample, part)
        return sample

    def _part(
        self, size: tuple[int, int], random: np.random.Generator
    ) -> tuple[int, int, int, int] | None:
        """x1, y1, x2, y2; None if it would be empty."""
        scale = random.uniform(*self.scaling)
        least, most = self.aspect_ratio
        ratio = random.uniform(max(least, scale**2), min(most, scale**-2))
        height, width = int(size[0] * scale / ratio**0.5), int(size[1] * scale * ratio**0.5)
        if height < 1 or width < 1:
            return None
        top = int(random.integers(max(size[0] - height, 1)))
        left = int(random.integers(max(size[1] - width, 1)))
        return left, top, left + width, top + height


def crop(sample: Sample, part: tuple[int, int, int, int]) -> Sample:
    """part: x1, y1, x2, y2 in whole pixels, inside the image. Boxes are cut off at its edges."""
    left, top, right, bottom = part
    edges = np.array([right - left, bottom - top] * 2, np.float32)
    cut = replace(
        sample,
        image=sample.image[top:bottom, left:right],
        boxes=np.clip(sample.boxes - np.array([left, top] * 2, np.float32), 0, edges),
        shapes=[shape.moved(-left, -top) for shape in sample.shapes],
    )
    return cut.select(_centred(sample.boxes, part))


def _centred(
    boxes: npt.NDArray[np.float32], part: tuple[int, int, int, int]
) -> npt.NDArray[np.bool_]:
    """bool [n]: the box has its centre in the part, and something in common with it."""
    low, high = np.array(part[:2], np.float32), np.array(part[2:], np.float32)
    centres = (boxes[:, :2] + boxes[:, 2:]) / 2
    inside = (low <= centres) & (centres < high)
    common = np.maximum(boxes[:, :2], low) < np.minimum(boxes[:, 2:], high)
    return np.asarray((inside & common).all(axis=1))


def _overlap(
    boxes: npt.NDArray[np.float32], part: tuple[int, int, int, int]
) -> npt.NDArray[np.float32]:
    """IoU [n] of the boxes and the part."""
    low, high = np.array(part[:2], np.float32), np.array(part[2:], np.float32)
    sides = np.minimum(boxes[:, 2:], high) - np.maximum(boxes[:, :2], low)
    common = np.clip(sides, 0, None).prod(axis=1)
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    return np.asarray(common / (areas + (high - low).prod() - common + 1e-10))
