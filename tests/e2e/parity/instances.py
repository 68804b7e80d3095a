"""Instances of one image, as PaddleX makes them of Paddle's outputs and as the SDK returns them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from parity.paddle_run import PaddleOutputs

from instseg import Result

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Instances:
    """class_ids [n]; scores [n]; boxes [n, 4] x1 y1 x2 y2 in pixels, clipped to the image, or None
    where the family has none; masks bool [n, H, W]; rows [n] of the program's outputs, or None."""

    class_ids: Array
    scores: Array
    boxes: Array | None
    masks: Array
    rows: Array | None = None

    def __len__(self) -> int:
        return len(self.scores)

    @classmethod
    def of_result(cls, result: Any) -> Instances:
        """Of the SDK's Result, and of the core's."""
        masks = result.masks.bitmaps() if isinstance(result, Result) else result.bitmaps()
        return cls(result.class_ids, result.scores, result.boxes, masks)


def in_image(masks: Array, size: tuple[int, int]) -> Array:
    """Masks [n, H, W] cut, or continued by background, to the image's (height, width).

    Programs find a mask's size by float32 arithmetic, SOLOv2's width even by the factor that the
    height was resized by: masks may be some pixels wider or narrower than the image.
    """
    height, width = size
    whole = np.zeros((len(masks), height, width), bool)
    part = masks[:, :height, :width]
    whole[:, : part.shape[1], : part.shape[2]] = part
    return whole


def box_rows(
    outputs: PaddleOutputs,
    names: Sequence[str],
    threshold: float,
    size: tuple[int, int],
    *,
    clip_masks: bool = True,
) -> Instances:
    """Families with boxes: bbox [n, 6] = class, score, box; one full-size mask per row.

    size: (height, width) of the image. As PaddleX: rows above the threshold with a class, boxes
    clipped to the image, masks cut at the rounded box. Rows whose box is empty are dropped, with
    their masks.
    """
    [bbox] = [a for a in map(outputs.__getitem__, names) if a.ndim == 2 and a.shape[1] == 6]
    height, width = size
    boxes = np.clip(bbox[:, 2:], 0, np.array([width, height, width, height], bbox.dtype))
    kept = (bbox[:, 1] > threshold) & (bbox[:, 0] > -1)
    kept &= (boxes[:, 2] > boxes[:, 0]) & (boxes[:, 3] > boxes[:, 1])
    rows = np.flatnonzero(kept)
    masks = in_image(outputs.masks(rows.tolist()), size)
    if clip_masks:
        for mask, box in zip(masks, boxes[rows].tolist(), strict=True):
            x1, y1, x2, y2 = (round(side) for side in box)
            outside = np.ones_like(mask)
            outside[y1:y2, x1:x2] = False
            mask[outside] = False
    return Instances(bbox[rows, 0].astype(np.int32), bbox[rows, 1], boxes[rows], masks, rows)
