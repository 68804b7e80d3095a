"""Results made of masks, as the SDK returns them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg import Mask, Result
from instseg.masks import Masks


def result_of(
    entries: Sequence[tuple[int, float, npt.NDArray[Any]]], size: tuple[int, int]
) -> Result:
    """Class id, score and mask (uint8 [H, W]) of each instance, by falling score."""
    masks = [Mask.from_crop(*size, 0, 0, plane) for _, _, plane in entries]
    boxes = [(x, y, x + w, y + h) for y, x, h, w in map(_extent, entries)]
    return Result(
        boxes=np.array(boxes, np.float32).reshape(-1, 4),
        scores=np.array([score for _, score, _ in entries], np.float32),
        class_ids=np.array([class_id for class_id, _, _ in entries], np.int32),
        labels=["" for _ in entries],
        masks=Masks(masks, size),
        image_size=size,
    )


def _extent(entry: tuple[int, float, npt.NDArray[Any]]) -> tuple[int, int, int, int]:
    """Top, left, height, width of the mask's foreground."""
    rows, columns = (np.flatnonzero(entry[2].any(axis)) for axis in (1, 0))
    top, left = int(rows[0]), int(columns[0])
    return top, left, int(rows[-1]) + 1 - top, int(columns[-1]) + 1 - left
