"""The image on a larger canvas, so that its objects become smaller."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from instseg_train.data.sample import Sample

# The mean colour of ImageNet, to whole levels.
MEAN_COLOUR = (124, 116, 104)


@dataclass(frozen=True)
class RandomExpand:
    """With this probability, a canvas of up to `most` times the sides, the image anywhere on it."""

    probability: float = 0.5
    most: float = 4.0
    colour: tuple[int, int, int] = MEAN_COLOUR

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        if random.random() >= self.probability:
            return sample
        ratio = random.uniform(1, self.most)
        height, width = sample.size
        canvas = int(height * ratio), int(width * ratio)
        if canvas[0] <= height or canvas[1] <= width:
            return sample
        top = int(random.integers(canvas[0] - height))
        left = int(random.integers(canvas[1] - width))
        return expand(sample, canvas, left, top, self.colour)


def expand(
    sample: Sample, canvas: tuple[int, int], left: int, top: int, colour: tuple[int, int, int]
) -> Sample:
    """canvas: height, width. left, top: where the image's first pixel goes."""
    height, width = sample.size
    bottom, right = canvas[0] - top - height, canvas[1] - left - width
    image = cv2.copyMakeBorder(
        sample.image, top, bottom, left, right, cv2.BORDER_CONSTANT, value=colour
    )
    return replace(
        sample,
        image=np.asarray(image, np.uint8),
        boxes=sample.boxes + np.array([left, top, left, top], np.float32),
        shapes=[shape.moved(left, top) for shape in sample.shapes],
    )
