"""Compares two sets of instances row by row."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from parity.instances import Instances
from scipy.optimize import linear_sum_assignment

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class DetectionTolerance:
    """Instances above a threshold are the same, within:

    score       absolute; one row this near to the threshold may be missing on one side
    box_px      largest difference of a coordinate
    iou_min     of two masks
    iou_median  over the masks of a photo
    mask_grid   side of the grid on which the network makes masks: masks that differ by less than
                one of its cells are the same, whatever their IoU. None: every pixel counts
    """

    score: float
    box_px: float
    iou_min: float
    iou_median: float
    mask_grid: int | None = None


@dataclass(frozen=True)
class Comparison:
    """Figures of one comparison, without the excused rows.

    rows      instances of the reference
    unpaired  rows of either side without a counterpart
    iou_min   of the masks that differ by a cell of the mask grid or more
    faults    what is not within the tolerance
    excused   what is not within the tolerance in excused rows
    """

    rows: int
    unpaired: int
    score: float
    box_px: float
    iou_min: float
    iou_median: float
    faults: tuple[str, ...]
    excused: tuple[str, ...]


@dataclass(frozen=True)
class Row:
    """One pair; cells: differing pixels, in cells of the mask grid (infinite without a grid)."""

    expected: int
    score: float
    box_px: float
    iou: float
    cells: float

    def faults(self, tolerance: DetectionTolerance) -> list[str]:
        found = []
        if self.score > tolerance.score:
            found.append(f"score off by {self.score:.1e}")
        if self.box_px > tolerance.box_px:
            found.append(f"box off by {self.box_px:.3f} px")
        if self.iou < tolerance.iou_min and self.cells >= 1:
            found.append(f"mask IoU {self.iou:.4f}")
        return found


def compare(
    expected: Instances,
    actual: Instances,
    threshold: float,
    tolerance: DetectionTolerance,
    excused: Collection[int] = (),
) -> Comparison:
    """Both hold the instances with a score above the threshold, in any order.

    excused  places in `expected` that are known to be undetermined in float32 arithmetic
    """
    pairs = pair(expected, actual, tolerance)
    rows = [paired_row(expected, actual, i, j, tolerance) for i, j in pairs]
    faults, forgiven = [], []
    for row in rows:
        for fault in row.faults(tolerance):
            text = f"{describe(expected, row.expected)}: {fault}"
            (forgiven if row.expected in excused else faults).append(text)
    held = [row for row in rows if row.expected not in excused]
    median = float(np.median([row.iou for row in held])) if held else 1.0
    if median < tolerance.iou_median:
        faults.append(f"median mask IoU {median:.4f}")

    left, right = set(range(len(expected))), set(range(len(actual)))
    for i, j in pairs:
        left.discard(i)
        right.discard(j)
    forgiven += [f"{describe(expected, i)}: missing" for i in left & set(excused)]
    alone = [("reference", expected, i) for i in sorted(left - set(excused))]
    alone += [("result", actual, j) for j in sorted(right)]
    for side, instances, place in alone:
        if float(instances.scores[place]) - threshold > tolerance.score:
            faults.append(f"{describe(instances, place)}: only in the {side}")
    if len(alone) > 1:
        faults.append(f"{len(alone)} rows without a counterpart; 1 near the threshold may be")
    return Comparison(
        rows=len(expected),
        unpaired=len(alone),
        score=max((row.score for row in held), default=0.0),
        box_px=max((row.box_px for row in held), default=0.0),
        iou_min=min((row.iou for row in held if row.cells >= 1), default=1.0),
        iou_median=median,
        faults=tuple(faults),
        excused=tuple(forgiven),
    )


def describe(instances: Instances, place: int) -> str:
    return f"class {instances.class_ids[place]}, score {instances.scores[place]:.4f}"


def paired_row(
    expected: Instances, actual: Instances, i: int, j: int, tolerance: DetectionTolerance
) -> Row:
    mask, other = expected.masks[i], actual.masks[j]
    cells = float("inf")
    if tolerance.mask_grid is not None:
        cells = np.count_nonzero(mask != other) * tolerance.mask_grid**2 / mask.size
    return Row(
        expected=i,
        score=abs(float(expected.scores[i]) - float(actual.scores[j])),
        box_px=box_difference(expected, actual, i, j),
        iou=mask_iou(mask, other),
        cells=cells,
    )


def pair(
    expected: Instances, actual: Instances, tolerance: DetectionTolerance
) -> list[tuple[int, int]]:
    """Pairs rows of the same class so that scores and boxes (else masks) are nearest in all."""
    pairs = []
    for class_id in np.unique(expected.class_ids):
        left = np.flatnonzero(expected.class_ids == class_id)
        right = np.flatnonzero(actual.class_ids == class_id)
        cost = np.zeros((len(left), len(right)))
        for row, i in enumerate(left):
            for column, j in enumerate(right):
                cost[row, column] = _distance(expected, actual, i, j, tolerance)
        rows, columns = linear_sum_assignment(cost)
        pairs += [(int(left[r]), int(right[c])) for r, c in zip(rows, columns, strict=True)]
    return sorted(pairs)


def _distance(
    expected: Instances, actual: Instances, i: int, j: int, tolerance: DetectionTolerance
) -> float:
    """In units of the tolerances."""
    score = abs(float(expected.scores[i]) - float(actual.scores[j])) / tolerance.score
    if expected.boxes is None:
        iou = mask_iou(expected.masks[i], actual.masks[j])
        return score + (1 - iou) / (1 - tolerance.iou_min)
    return score + box_difference(expected, actual, i, j) / tolerance.box_px


def box_difference(expected: Instances, actual: Instances, i: int, j: int) -> float:
    """Largest difference of a coordinate in pixels; 0 where the family has no boxes."""
    if expected.boxes is None or actual.boxes is None:
        return 0.0
    return float(np.abs(expected.boxes[i] - actual.boxes[j]).max())


def mask_iou(a: Array, b: Array) -> float:
    """1 where both are empty."""
    union = np.count_nonzero(a | b)
    return np.count_nonzero(a & b) / union if union else 1.0
