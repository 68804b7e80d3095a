"""Bilinear reading of planes, one point at a time, in float64."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]


def bilinear(planes: Array, x: float, y: float) -> Array:
    """Values [C] of planes [C, h, w] at x, y in [0, 1] from edge to edge; 0 outside the planes."""
    height, width = planes.shape[1:]
    column, row = x * width - 0.5, y * height - 0.5
    left, top = math.floor(column), math.floor(row)
    found = np.zeros(len(planes))
    for i, share_y in ((top, 1 - (row - top)), (top + 1, row - top)):
        for j, share_x in ((left, 1 - (column - left)), (left + 1, column - left)):
            if 0 <= i < height and 0 <= j < width:
                found += share_y * share_x * planes[:, i, j]
    return found
