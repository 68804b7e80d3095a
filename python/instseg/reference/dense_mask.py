"""Masks out of the stack of full-size masks that an official program ends in.

The stack is 829 MB for 100 masks at 1080p: only the part of a mask that is kept is copied.
"""

from __future__ import annotations

import numpy as np

from instseg._core import Mask
from instseg.reference.paddle_output import PaddleOutput

Region = tuple[int, int, int, int]
"""x1, y1, x2, y2 in whole pixels of the image; may be empty."""


def mask_in(stack: PaddleOutput, row: int, region: Region, height: int, width: int) -> Mask:
    """The mask of one row inside `region`; background outside of it.

    stack          [n, h, w], foreground > 0. Programs that compute the image's size
                   in floating point can be some pixels off: what is missing is background
    height, width  of the image
    """
    x1, y1, x2, y2 = region
    crop = np.zeros((max(y2 - y1, 0), max(x2 - x1, 0)), bool)
    bottom, right = min(y2, stack.shape[1]), min(x2, stack.shape[2])
    if y1 < bottom and x1 < right:
        crop[: bottom - y1, : right - x1] = stack.row(row)[y1:bottom, x1:right] > 0
    return Mask.from_crop(height, width, x1, y1, crop)


def whole_mask(stack: PaddleOutput, row: int, height: int, width: int) -> Mask:
    """The mask of one row; its region is the smallest that holds all foreground."""
    mask = mask_in(stack, row, (0, 0, width, height), height, width)
    x, y, w, h = mask.extent()
    return Mask.from_crop(height, width, x, y, mask.crop()[y : y + h, x : x + w])
