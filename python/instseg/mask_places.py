"""Where the instances of a result lie: centroids and rectangles at any angle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from instseg.result import Result


def centroids(result: Result) -> NDArray[np.float32]:
    """float32 [n, 2]: x, y of each mask's centroid, of the box's centre where a mask is empty."""
    out: NDArray[np.float32] = (result.boxes[:, :2] + result.boxes[:, 2:]) / np.float32(2)
    for i, mask in enumerate(result.masks):
        if (centre := mask.centroid()) is not None:
            out[i] = centre
    return out


def oriented_boxes(result: Result) -> NDArray[np.float32]:
    """float32 [n, 4, 2]: corners of each mask's smallest rectangle; of the box if it is empty."""
    out = result.boxes[:, [[0, 1], [2, 1], [2, 3], [0, 3]]]
    for i, mask in enumerate(result.masks):
        if (corners := mask.oriented_box()) is not None:
            out[i] = corners
    return out
