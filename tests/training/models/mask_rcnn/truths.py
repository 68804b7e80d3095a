"""Ground truth of one image, as the parts of Mask R-CNN take it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
from models.mask_rcnn.slow_boxes import Array

from instseg_train.models.mask_rcnn.ground_truth import GroundTruth, Polygons


def truth_of(
    boxes: Array,
    classes: Sequence[int] | Array | None = None,
    *,
    crowd: Sequence[int] | None = None,
    masks: Array | None = None,
    polygons: Sequence[Polygons] | None = None,
) -> GroundTruth:
    """Boxes [n, 4]; without classes all are of class 0, without masks they are empty."""
    count = len(boxes)
    return GroundTruth(
        boxes=paddle.to_tensor(np.asarray(boxes, np.float32).reshape(-1, 4)),
        classes=paddle.to_tensor(np.asarray([0] * count if classes is None else classes, np.int64)),
        crowd=paddle.to_tensor(np.asarray([0] * count if crowd is None else crowd, np.int32)),
        masks=paddle.to_tensor(np.zeros([count, 8, 8], np.uint8) if masks is None else masks),
        polygons=polygons,
    )


NO_OBJECTS = np.zeros([0, 4], np.float32)
