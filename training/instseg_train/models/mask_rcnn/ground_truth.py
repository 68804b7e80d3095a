"""The objects of one image, as the parts of Mask R-CNN take them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from paddle import Tensor

from instseg_train.models.segmenter import Inputs

# One object's outlines: float64 x0, y0, x1, y1 ... of each, in pixels of the network's input.
Polygons = Sequence[npt.NDArray[np.float64]]


@dataclass(frozen=True)
class GroundTruth:
    """n objects of one image; n may be 0.

    boxes     float32 [n, 4] x1, y1, x2, y2 in pixels of the network's input
    classes   int64 [n], 0 .. K-1
    crowd     int32 [n], 1 for a region of many objects: nothing is matched with it
    masks     uint8 [n, H, W], 0 or 1, of the input's size
    polygons  the outlines of the same objects, where known: they take masks' place
    """

    boxes: Tensor
    classes: Tensor
    crowd: Tensor
    masks: Tensor
    polygons: Sequence[Polygons] | None = None

    def __len__(self) -> int:
        return int(self.boxes.shape[0])


def ground_truth(inputs: Inputs) -> list[GroundTruth]:
    """One of each image of the batch (`Segmenter.losses` has the shapes)."""
    polygons = inputs.get("gt_poly") or [None] * len(inputs["gt_bbox"])
    return [
        GroundTruth(boxes, classes.flatten(), crowd.flatten(), masks, outlines)
        for boxes, classes, crowd, masks, outlines in zip(
            inputs["gt_bbox"],
            inputs["gt_class"],
            inputs["is_crowd"],
            inputs["gt_segm"],
            polygons,
            strict=True,
        )
    ]
