"""Objects to masks."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from instseg_train.data.sample import Sample
from instseg_train.data.shapes import Polygons


@dataclass(frozen=True)
class Rasterise:
    """Draws the masks at the sample's size.

    drop_unseen    leaves out objects without a pixel: cut away, or too small
    keep_polygons  draws nothing where all objects are polygons: the model takes those
    """

    drop_unseen: bool = False
    keep_polygons: bool = False

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        if self.keep_polygons and all(isinstance(shape, Polygons) for shape in sample.shapes):
            return sample
        masks = np.zeros((len(sample), *sample.size), np.uint8)
        for mask, shape in zip(masks, sample.shapes, strict=True):
            shape.draw(mask)
        drawn = replace(sample, masks=masks)
        return drawn.select(np.asarray(masks.any(axis=(1, 2)))) if self.drop_unseen else drawn
