"""Which of the instances that cover the same pixels is the best."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from instseg.result import Result


def distinct(result: Result, max_overlap: float) -> NDArray[np.bool_]:
    """bool [n]: whether no better instance that stays, of any class, overlaps it by more: masks
    with an intersection over union above max_overlap. Of equal scores the first stays."""
    masks = [result.masks[i] for i in range(len(result))]
    areas = [mask.area() for mask in masks]
    keep = np.zeros(len(result), np.bool_)
    for i in np.argsort(-result.scores, kind="stable").tolist():
        keep[i] = True
        for j in np.flatnonzero(keep).tolist():
            common = masks[i].intersection_area(masks[j]) if i != j else 0
            if common > max_overlap * (areas[i] + areas[j] - common):
                keep[i] = False
                break
    return keep
