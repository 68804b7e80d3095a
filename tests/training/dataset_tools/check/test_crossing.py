"""Crossings against a slow search over all pairs of sides in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_train.dataset_tools.check.crossing import first_crossing

Point = tuple[int, int]


def slow_first_crossing(points: list[Point]) -> bool:
    sides = list(zip(points, [*points[1:], points[0]], strict=True))

    def turn(a: Point, b: Point, c: Point) -> Fraction:
        return Fraction((b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0]))

    return any(
        turn(a, b, c) * turn(a, b, d) < 0 and turn(c, d, a) * turn(c, d, b) < 0
        for i, (a, b) in enumerate(sides)
        for c, d in sides[:i]
    )


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=12))
def test_crossings_of_random_polygons(points: list[Point]) -> None:
    found = first_crossing(np.asarray(points, np.float64))
    assert (found is not None) == slow_first_crossing(points)


@pytest.mark.parametrize(
    "points",
    [
        # A hole joined by a cut of no width, walked twice.
        [(0, 0), (9, 0), (9, 9), (0, 9), (0, 5), (3, 5), (3, 7), (6, 7), (6, 3), (3, 3), (3, 5),
         (0, 5)],
        [(0, 0), (9, 0), (9, 0), (9, 9), (0, 0)],  # repeated points, closed
    ],
)  # fmt: skip
def test_touching_is_no_crossing(points: list[Point]) -> None:
    assert first_crossing(np.asarray(points, np.float64)) is None


def test_a_long_outline() -> None:
    angles = np.linspace(0, 2 * np.pi, 20_000, endpoint=False)
    circle = 1000 + 900 * np.stack([np.cos(angles), np.sin(angles)], 1)
    assert first_crossing(circle) is None
    circle[[5000, 5001]] = circle[[5001, 5000]]
    assert first_crossing(circle) == (4999, 5001)
