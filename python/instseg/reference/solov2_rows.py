"""Instances of SOLOv2, whose program gives masks, scores and classes but no boxes."""

from __future__ import annotations

import numpy as np

from instseg.reference.dense_mask import whole_mask
from instseg.reference.found import (
    Found,
    Selection,
    check_classes,
    check_finite,
    found,
    one_output,
)
from instseg.reference.paddle_program import Outputs


def solov2_rows(
    outputs: Outputs, height: int, width: int, selection: Selection, num_classes: int, model: str
) -> Found:
    """outputs: masks uint8 [n, H, W], scores float32 [n], classes int64 [n], a count int32 [1].

    As PaddleX: rows with score >= threshold. A box is the mask's extent. Rows without foreground
    are no instances; nor are those that the program adds so that it never works on nothing: their
    score is 0 or, as a mean over no pixels, NaN. Raises EngineError, ModelError.
    """
    flat = {name: tensor.numpy() for name, tensor in outputs.items() if len(tensor.shape) == 1}
    name, scores = one_output(
        {key: array for key, array in flat.items() if array.dtype == np.float32}, "scores", outputs
    )
    _, class_ids = one_output(
        {key: array for key, array in flat.items() if array.dtype == np.int64}, "classes", outputs
    )
    _, stack = one_output(
        {key: tensor for key, tensor in outputs.items() if len(tensor.shape) == 3},
        "masks",
        outputs,
    )
    for row in np.flatnonzero(~np.isfinite(scores)).tolist():
        if not np.isnan(scores[row]) or whole_mask(stack, row, height, width).area():
            check_finite(scores[row : row + 1], name, model)
    kept = (scores >= selection.threshold) & (scores > 0)
    check_classes(class_ids[kept], num_classes, model)
    order: list[int] = []
    masks = []
    for row in selection.order(np.flatnonzero(kept), scores, class_ids):
        if len(order) == selection.max_detections:
            break
        mask = whole_mask(stack, row, height, width)
        if mask.region[2]:
            order.append(row)
            masks.append(mask)
    boxes = [[x, y, x + w, y + h] for x, y, w, h in (mask.region for mask in masks)]
    return found(boxes, scores[order], class_ids[order], masks)
