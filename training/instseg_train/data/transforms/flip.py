"""Left and right changed over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from instseg_train.data.sample import Sample


@dataclass(frozen=True)
class RandomFlip:
    """`flip` with this probability."""

    probability: float = 0.5

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        return flip(sample) if random.random() < self.probability else sample


def flip(sample: Sample) -> Sample:
    """The mirror image: x becomes width - x."""
    width = sample.size[1]
    boxes = sample.boxes.copy()
    boxes[:, 0::2] = width - sample.boxes[:, 2::-2]
    return replace(
        sample,
        image=np.asarray(cv2.flip(sample.image, 1), np.uint8),
        boxes=boxes,
        shapes=[shape.mirrored(width) for shape in sample.shapes],
    )
