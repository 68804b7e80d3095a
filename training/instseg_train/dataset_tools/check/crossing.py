"""Does a polygon cross itself, and where?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 4_000_000  # pairs of sides that are compared at a time


def first_crossing(points: npt.NDArray[np.float64]) -> tuple[int, int] | None:
    """points [p, 2]: the first pair of sides that cross at a point inside of both.

    Side i runs from point i to point i + 1. Sides that touch, or run along each other (as a cut to
    a hole does), do not count. Sides are compared where their extents in x overlap.
    """
    ends = np.roll(points, -1, axis=0)
    count = len(points)
    left = np.minimum(points[:, 0], ends[:, 0])
    right = np.maximum(points[:, 0], ends[:, 0])
    order = np.argsort(left, kind="stable")
    # In the order of `left`, side k can only meet those of its successors up to `last[k]`.
    last = np.searchsorted(left[order], right[order], side="right")
    crossings: list[tuple[int, int]] = []
    begin = 0
    while begin < count:
        end = begin + 1
        pairs = int(last[begin]) - begin - 1
        while end < count and pairs + int(last[end]) - end - 1 <= _BLOCK:
            pairs += int(last[end]) - end - 1
            end += 1
        lengths = last[begin:end] - np.arange(begin, end) - 1
        first = np.repeat(np.arange(begin, end), lengths)
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        second = first + 1 + np.arange(len(first)) - starts
        a, b = order[first], order[second]
        hit = _cross(points[a], ends[a], points[b], ends[b])
        crossings += [
            (min(i, j), max(i, j)) for i, j in zip(a[hit].tolist(), b[hit].tolist(), strict=True)
        ][:1000]
        if crossings:
            return min(crossings)
        begin = end
    return None


def _cross(
    a: npt.NDArray[np.float64],
    b: npt.NDArray[np.float64],
    c: npt.NDArray[np.float64],
    d: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """[m]: a-b and c-d ([m, 2] each) lie strictly on both sides of each other."""
    apart = (_turn(a, b, c) * _turn(a, b, d) < 0) & (_turn(c, d, a) * _turn(c, d, b) < 0)
    return np.asarray(apart, np.bool_)


def _turn(
    a: npt.NDArray[np.float64], b: npt.NDArray[np.float64], c: npt.NDArray[np.float64]
) -> npt.NDArray[np.float64]:
    """The sign tells on which side of a-b the point c lies; 0: on it, up to rounding."""
    first = (b[:, 0] - a[:, 0]) * (c[:, 1] - a[:, 1])
    second = (b[:, 1] - a[:, 1]) * (c[:, 0] - a[:, 0])
    turn = first - second
    exact = np.abs(turn) > 1e-9 * (np.abs(first) + np.abs(second))
    return np.asarray(np.where(exact, np.sign(turn), 0.0))
