"""Instances of SOLOv2 from the outputs of Paddle's program."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from parity.instances import Instances, in_image
from parity.paddle_run import PaddleOutputs


def mask_rows(
    outputs: PaddleOutputs,
    names: Sequence[str],
    threshold: float,
    size: tuple[int, int],
    *,
    clip_masks: bool = True,
) -> Instances:
    """cate_label [n], cate_score [n], one full-size mask per row, no boxes.

    As PaddleX: rows with score >= threshold. Rows that the program adds so that it never works on
    nothing have the score 0 (or NaN) and are no instances; nor are rows without foreground.
    """
    flat = [array for array in map(outputs.__getitem__, names) if array.ndim == 1 and array.size]
    [scores] = [array for array in flat if array.dtype.kind == "f"]
    [labels] = [array for array in flat if array.dtype == np.int64 and len(array) == len(scores)]
    rows = np.flatnonzero((scores >= threshold) & (scores > 0))
    masks = in_image(outputs.masks(rows.tolist()), size)
    kept = masks.any((1, 2))
    rows = rows[kept]
    return Instances(labels[rows].astype(np.int32), scores[rows], None, masks[kept], rows)
