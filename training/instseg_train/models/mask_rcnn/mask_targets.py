"""What the mask head should say: the object's mask inside the box, side x side pixels."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor

from instseg_train.models.mask_rcnn.ground_truth import GroundTruth, Polygons
from instseg_train.models.mask_rcnn.polygon_raster import rasterise

MaskTargets = Callable[[Tensor, Tensor, GroundTruth, int], Tensor]


def mask_targets(boxes: Tensor, objects: Tensor, truth: GroundTruth, side: int) -> Tensor:
    """Boxes float32 [R, 4] of one image, each around the object int64 [R] of its ground truth ->
    float32 [R, side, side], 0 or 1. A target's pixel is on where the object covers its centre."""
    if truth.polygons is None:
        return targets_of_bitmaps(boxes, objects, truth.masks, side)
    targets = targets_of_polygons(boxes.numpy(), objects.numpy(), truth.polygons, side)
    return paddle.to_tensor(targets.astype(np.float32))


def targets_of_bitmaps(boxes: Tensor, objects: Tensor, masks: Tensor, side: int) -> Tensor:
    """Masks uint8 [n, H, W]: the pixel at each centre."""
    height, width = masks.shape[1:]
    step = (paddle.arange(side, dtype="float32") + 0.5) / side
    x = boxes[:, 0:1] + step * (boxes[:, 2:3] - boxes[:, 0:1])  # [R, side]
    y = boxes[:, 1:2] + step * (boxes[:, 3:4] - boxes[:, 1:2])
    column = x.floor().clip(0, width - 1).cast("int64").unsqueeze(1)
    row = y.floor().clip(0, height - 1).cast("int64").unsqueeze(2)
    place = (objects.reshape([-1, 1, 1]) * height + row) * width + column  # [R, side, side]
    return masks.flatten().gather(place.flatten()).reshape(place.shape).cast("float32")


def targets_of_polygons(
    boxes: npt.NDArray[np.float32],
    objects: npt.NDArray[np.int64],
    polygons: Sequence[Polygons],
    side: int,
) -> npt.NDArray[np.bool_]:
    """Outlines, scaled from the box to the target and drawn there (PaddleDetection target.py)."""
    targets = np.zeros((len(boxes), side, side), np.bool_)
    size = np.maximum(boxes[:, 2:] - boxes[:, :2], np.float32(0.1))
    scale = np.float32(side) / size
    for item in np.unique(objects):
        own = np.flatnonzero(objects == item)
        for polygon in polygons[item]:
            corners = np.asarray(polygon, np.float64).reshape(1, -1, 2)
            inside = (corners - boxes[own, None, :2]) * scale[own, None]
            targets[own] |= rasterise(inside, side)
    return targets
