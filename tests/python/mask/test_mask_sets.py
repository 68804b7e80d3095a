"""Sets of masks with anything at all: what NumPy says or a clear error, never a crash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from instseg import InvalidArgument, Mask

INTEGERS = st.integers(-20, 20) | st.sampled_from(
    [2**31 - 1, -(2**31), 2**31 - 7, 65536, 2**31, -(2**31) - 1, 2**70]
)
HEIGHT, WIDTH = 9, 150


def random_mask(random: np.random.Generator) -> tuple[Mask, NDArray[np.bool_]]:
    x, y = int(random.integers(0, WIDTH)), int(random.integers(0, HEIGHT))
    shape = (random.integers(0, HEIGHT - y + 1), random.integers(0, WIDTH - x + 1))
    crop = random.random(shape) < random.random()
    bitmap = np.zeros((HEIGHT, WIDTH), bool)
    bitmap[y : y + shape[0], x : x + shape[1]] = crop
    return Mask.from_crop(HEIGHT, WIDTH, x, y, crop), bitmap


@settings(max_examples=300, deadline=None)
@given(st.integers(0, 2**32 - 1), INTEGERS, INTEGERS, INTEGERS, INTEGERS)
def test_any_arguments(seed: int, a: int, b: int, c: int, d: int) -> None:
    random = np.random.default_rng(seed)
    first, bitmap = random_mask(random)
    second, other = random_mask(random)
    assert first.intersection_area(second) == (bitmap & other).sum()
    np.testing.assert_array_equal(Mask.united([first, second]).bitmap(), bitmap | other)

    if all(-(2**31) <= value < 2**31 for value in (a, b, c, d)):
        y, x = np.mgrid[:HEIGHT, :WIDTH].astype(object)
        inside = (a <= x) & (x < a + c) & (b <= y) & (y < b + d)
        assert first.area_inside(a, b, c, d) == (bitmap & inside.astype(bool)).sum()
    else:
        with pytest.raises(TypeError):
            first.area_inside(a, b, c, d)

    x, y, width, height = first.region
    fits = (
        all(abs(value) < 2**31 for value in (a, b, c, d))
        and x + c >= 0
        and x + c + width <= b
        and y + d >= 0
        and y + d + height <= a
        and a * b < 2**32
    )
    if fits:
        there = first.moved(a, b, c, d)
        assert there.image_size == (a, b)
        assert there.region == (x + c, y + d, width, height)
        np.testing.assert_array_equal(there.crop(), first.crop())
    else:
        with pytest.raises((InvalidArgument, TypeError)):
            first.moved(a, b, c, d)


@pytest.mark.parametrize("masks", [[], [None], None, 3, ["mask"]])
def test_what_cannot_be_united(masks: Any) -> None:
    with pytest.raises((InvalidArgument, TypeError)):
        Mask.united(masks)


def test_nothing_instead_of_a_mask() -> None:
    mask, _ = random_mask(np.random.default_rng(0))
    with pytest.raises((InvalidArgument, TypeError)):
        Mask.united([mask, None])  # type: ignore[list-item]
    with pytest.raises(TypeError):
        mask.intersection_area(None)  # type: ignore[arg-type]
