"""Polygons to masks, as COCO's tools draw them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from instseg_train.data.sample import Polygons, Sample


def draw_polygons(parts: Sequence[npt.NDArray[np.float32]], mask: npt.NDArray[np.uint8]) -> None:
    """Sets the pixels of `mask` uint8 [H, W] (zeros) that any of the parts covers to 1."""
    height, width = mask.shape
    runs = coco_mask.frPyObjects([part.tolist() for part in parts], height, width)
    mask[:] = coco_mask.decode(coco_mask.merge(runs))


@dataclass(frozen=True)
class Rasterise:
    """Draws the polygons at the sample's size; objects that are masks already stay as they are.

    drop_unseen  leaves out objects without a pixel: cut away, or too small
    """

    drop_unseen: bool = False

    def __call__(self, sample: Sample, random: np.random.Generator) -> Sample:
        masks = sample.masks
        if masks is None:
            masks = np.zeros((len(sample), *sample.size), np.uint8)
            polygons: Sequence[Polygons] = sample.polygons or []
            for mask, parts in zip(masks, polygons, strict=True):
                draw_polygons(parts, mask)
        drawn = replace(sample, polygons=None, masks=masks)
        if self.drop_unseen:
            return select_objects(drawn, masks.any(axis=(1, 2)))
        return drawn


def select_objects(sample: Sample, keep: npt.NDArray[np.bool_]) -> Sample:
    """The objects where `keep` bool [n] is true."""
    if keep.all():
        return sample
    polygons, masks = sample.polygons, sample.masks
    return replace(
        sample,
        boxes=sample.boxes[keep],
        class_ids=sample.class_ids[keep],
        crowd=sample.crowd[keep],
        polygons=None if polygons is None else [polygons[i] for i in np.flatnonzero(keep)],
        masks=None if masks is None else masks[keep],
    )
