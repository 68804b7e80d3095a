"""Median and spread of a set of timings."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TypedDict


class Summary(TypedDict):
    """All but `count` in the unit of the values."""

    median: float
    min: float
    p10: float
    p90: float
    count: int


def percentile(values: Sequence[float], percent: float) -> float:
    """Linear interpolation between the closest ranks, as numpy.percentile's default."""
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    position = (len(ordered) - 1) * percent / 100
    low = int(position)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (position - low)


def summarize(values: Sequence[float]) -> Summary:
    return {
        "median": median(values),
        "min": min(values),
        "p10": percentile(values, 10),
        "p90": percentile(values, 90),
        "count": len(values),
    }
