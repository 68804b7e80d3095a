"""Polygons to small masks, pixel by pixel as COCO's tools draw them.

Outlines are walked on a grid of 5 x 5 points per pixel; where the walk crosses the middle of a
pixel column, all pixels below change between outside and inside (pycocotools, maskApi.c rleFrPoly).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

FINE = 5

Ints = npt.NDArray[np.int64]


def rasterise(outlines: npt.NDArray[np.float64], side: int) -> npt.NDArray[np.bool_]:
    """R outlines of k corners x, y in pixels of their masks, [R, k, 2] -> bool [R, side, side]."""
    count = len(outlines)
    corners = (FINE * outlines + 0.5).astype(np.int64)
    start, end = corners, np.roll(corners, -1, axis=1)
    owner, x, y_before, y_after = _column_steps(start.reshape(-1, 2), end.reshape(-1, 2))
    owner //= outlines.shape[1]
    # The middle of pixel column c lies between the fine columns 5 c + 2 and 5 c + 3.
    column = (x - FINE // 2) // FINE
    crossing = (column * FINE + FINE // 2 == x) & (column >= 0) & (column < side)
    owner, column = owner[crossing], column[crossing]
    fine_row = np.minimum(y_before, y_after)[crossing]
    row = np.ceil(np.clip((fine_row + 0.5) / FINE - 0.5, 0, side)).astype(np.int64)
    # Column by column, so a change at the bottom goes on at the top of the next column.
    flips = np.bincount(
        (owner * (side * side + 1)) + column * side + row, minlength=count * (side * side + 1)
    )
    inside = np.cumsum(flips.reshape(count, -1)[:, :-1], axis=1) % 2 == 1
    return np.ascontiguousarray(inside.reshape(count, side, side).swapaxes(1, 2))


def _column_steps(start: Ints, end: Ints) -> tuple[Ints, Ints, Ints, Ints]:
    """All steps along edges [E, 2] from one fine column to its neighbour.

    Returns edge, the smaller of the two columns, and the row before and after the step. Rows are
    those of a straight line sampled once per column, or of one sampled once per row where that is
    finer; it is walked from its left (upper) end.
    """
    delta = np.abs(end - start)
    flat = delta[:, 0] >= delta[:, 1]
    swap = np.where(flat, start[:, 0] > end[:, 0], start[:, 1] > end[:, 1])
    first = np.where(swap[:, None], end, start)
    last = np.where(swap[:, None], start, end)
    length = delta.max(axis=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = np.where(
            flat,
            (last[:, 1] - first[:, 1]) / delta[:, 0],
            (last[:, 0] - first[:, 0]) / delta[:, 1],
        )
    slope = np.where(length == 0, 0.0, slope)
    edge = np.repeat(np.arange(len(start)), length)  # one entry per step, length of them
    step = np.arange(len(edge)) - np.repeat(np.cumsum(length) - length, length)

    def point(at: Ints) -> tuple[Ints, Ints]:
        along, across = at, slope[edge] * at
        is_flat = flat[edge]
        x = np.where(
            is_flat, along + first[edge, 0], (first[edge, 0] + across + 0.5).astype(np.int64)
        )
        y = np.where(
            is_flat, (first[edge, 1] + across + 0.5).astype(np.int64), along + first[edge, 1]
        )
        return x, y

    x0, y0 = point(step)
    x1, y1 = point(step + 1)
    moved = x0 != x1
    return edge[moved], np.minimum(x0, x1)[moved], y0[moved], y1[moved]
