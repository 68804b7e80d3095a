"""Does a polygon cross itself, and where?"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_BLOCK = 4_000_000  # pairs of sides that are compared at a time
_MOST_PAIRS = 400_000_000  # some ten seconds; no outline that means something has as many


def first_crossing(points: npt.NDArray[np.float64]) -> tuple[int, int] | None:
    """points [p, 2]: a pair of sides that cross at a point inside of both, None if none do.

    Side i runs from point i to point i + 1. Sides that touch, or run along each other (as a cut to
    a hole does), do not count. Sides are compared where their extents overlap, in x or in y,
    whichever makes fewer pairs; of a tangle of tens of thousands of points only the first pairs.
    """
    ends = np.roll(points, -1, axis=0)
    order, last = min((_overlaps(points, ends, axis) for axis in (0, 1)), key=lambda o: o[1].sum())
    count, begin, compared = len(points), 0, 0
    while begin < count and compared < _MOST_PAIRS:
        end, pairs = begin + 1, int(last[begin]) - begin - 1
        while end < count and pairs + int(last[end]) - end - 1 <= _BLOCK:
            pairs += int(last[end]) - end - 1
            end += 1
        lengths = last[begin:end] - np.arange(begin, end) - 1
        first = np.repeat(np.arange(begin, end), lengths)
        starts = np.repeat(np.cumsum(lengths) - lengths, lengths)
        a, b = order[first], order[first + 1 + np.arange(len(first)) - starts]
        hit = np.flatnonzero(_cross(points[a], ends[a], points[b], ends[b]))
        if hit.size:
            low, high = np.minimum(a[hit], b[hit]), np.maximum(a[hit], b[hit])
            nearest = np.lexsort((high, low))[0]
            return int(low[nearest]), int(high[nearest])
        compared += pairs
        begin = end
    return None


def _overlaps(
    points: npt.NDArray[np.float64], ends: npt.NDArray[np.float64], axis: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Sides by their lower end along an axis: [p] their indices, and for the side at each place
    [p] where those end that begin before it does end."""
    low = np.minimum(points[:, axis], ends[:, axis])
    high = np.maximum(points[:, axis], ends[:, axis])
    order = np.argsort(low, kind="stable")
    return order, np.searchsorted(low[order], high[order], side="right")


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
