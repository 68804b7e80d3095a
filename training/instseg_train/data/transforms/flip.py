"""Left and right changed over."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from instseg_train.data.sample import Sample


@dataclass(frozen=True)
class RandomFlip:
    """`flip` with this probability."""

    probability: float = 0.5

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        return flip(sample) if random.random() < self.probability else sample


def flip(sample: Sample) -> Sample:
    """The mirror image; x becomes width - x."""
    width = sample.size[1]
    boxes = sample.boxes.copy()
    boxes[:, 0::2] = width - sample.boxes[:, 2::-2]
    polygons = sample.polygons
    if polygons is not None:
        sign, offset = np.array([-1, 1], np.float32), np.array([width, 0], np.float32)
        polygons = [
            [(part.reshape(-1, 2) * sign + offset).ravel() for part in parts] for parts in polygons
        ]
    return replace(
        sample,
        image=sample.image[:, ::-1],
        boxes=boxes,
        polygons=polygons,
        masks=None if sample.masks is None else sample.masks[:, :, ::-1],
    )
