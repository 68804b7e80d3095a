"""Instances of the families whose program gives boxes: all but SOLOv2."""

from __future__ import annotations

import numpy as np

from instseg.reference.dense_mask import mask_in, whole_mask
from instseg.reference.found import (
    Found,
    Selection,
    check_classes,
    check_finite,
    found,
    one_output,
)
from instseg.reference.paddle_program import Outputs


def box_rows(
    outputs: Outputs, height: int, width: int, selection: Selection, num_classes: int, model: str
) -> Found:
    """outputs: rows float32 [n, 6] of class, score, x1, y1, x2, y2 in pixels; masks [n, H, W].

    As PaddleX: rows with score > threshold and class > -1, boxes clipped to the image, masks cut at
    the rounded box. Of a box with nothing left the mask goes too (PaddleX keeps it, and every mask
    after it belongs to another box). Raises EngineError, ModelError.
    """
    tables = {
        name: tensor
        for name, tensor in outputs.items()
        if len(tensor.shape) == 2 and tensor.shape[1] == 6
    }
    name, table = one_output(tables, "boxes", outputs)
    _, stack = one_output(
        {key: tensor for key, tensor in outputs.items() if len(tensor.shape) == 3},
        "masks",
        outputs,
    )
    rows = table.numpy()
    check_finite(rows, name, model)
    class_ids, scores = rows[:, 0].astype(np.int64), rows[:, 1]
    boxes = np.clip(rows[:, 2:], 0, np.array([width, height, width, height], rows.dtype))
    kept = (scores > selection.threshold) & (class_ids > -1)
    kept &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    check_classes(class_ids[kept], num_classes, model)
    order = selection.order(np.flatnonzero(kept), scores, class_ids)[: selection.max_detections]
    masks = []
    for row in order:
        if selection.clip_masks:
            x1, y1, x2, y2 = (round(edge) for edge in boxes[row].tolist())
            masks.append(mask_in(stack, row, (x1, y1, x2, y2), height, width))
        else:
            masks.append(whole_mask(stack, row, height, width))
    return found(boxes[order], scores[order], class_ids[order], masks)
