"""Masks made of anything at all: a right mask or a clear error, never a crash."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from numpy.typing import NDArray

from instseg import _core
from instseg.errors import InvalidArgument

SIZES = st.integers(-3, 12) | st.sampled_from([2**31 - 1, -(2**31), 65536, 2**31, 2**63, -(2**70)])
DTYPES = st.sampled_from(
    ["bool", "uint8", "int8", "uint16", "int32", "int64", "float32", "float64", "complex64", "S1"]
)


def strided(array: NDArray[Any], view: str) -> NDArray[Any]:
    """The same values in another memory layout."""
    if view == "fortran":
        return np.asfortranarray(array)
    if view == "flipped" and array.ndim == 2:
        return np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]
    if view == "spaced" and array.ndim == 2:
        wide = np.zeros((array.shape[0] * 2, array.shape[1] * 3), array.dtype)
        wide[::2, ::3] = array
        return wide[::2, ::3]
    if view == "read-only":
        array = array.copy()
        array.flags.writeable = False
    return array


@settings(max_examples=500, deadline=None)
@given(
    SIZES,
    SIZES,
    SIZES,
    SIZES,
    DTYPES,
    hypothesis_numpy.array_shapes(min_dims=1, max_dims=3, min_side=0, max_side=9),
    st.sampled_from(["plain", "fortran", "flipped", "spaced", "read-only"]),
    st.integers(0, 2**32 - 1),
)
def test_any_arguments(
    height: int,
    width: int,
    y: int,
    x: int,
    dtype: str,
    shape: tuple[int, ...],
    view: str,
    seed: int,
) -> None:
    values = np.random.default_rng(seed).integers(0, 3, shape)
    crop = strided(values.astype(dtype), view)
    fits = (
        len(shape) == 2
        and dtype in ("bool", "uint8")
        and y >= 0
        and x >= 0
        and y + shape[0] <= height < 2**31
        and x + shape[1] <= width < 2**31
        and height * width < 2**32
    )
    if not fits:
        # TypeError: an integer that no C int holds.
        with pytest.raises((InvalidArgument, TypeError)):
            _core.Mask.from_crop(height, width, x, y, crop)
        return
    mask = _core.Mask.from_crop(height, width, x, y, crop)
    assert mask.image_size == (height, width)
    assert mask.region == (x, y, shape[1], shape[0])
    np.testing.assert_array_equal(mask.crop(), values != 0)
    assert mask.area() == np.count_nonzero(values)
    assert int(mask.rle_counts().sum(dtype=np.uint64)) == height * width
    vertices = [ring for part in mask.polygons() for ring in part]
    assert all(len(ring) >= 4 for ring in vertices)


def test_error_says_what_is_wrong() -> None:
    with pytest.raises(InvalidArgument, match=r"inside the image.*width 4.*height 3, width 5"):
        _core.Mask.from_crop(3, 5, 2, 0, np.zeros((3, 4), np.uint8))
    with pytest.raises(InvalidArgument, match=r"float32.*expected uint8 or bool"):
        _core.Mask.from_crop(3, 5, 0, 0, np.zeros((3, 4), np.float32))


def test_masks_are_independent_of_their_source() -> None:
    crop = np.ones((2, 3), np.uint8)
    mask = _core.Mask.from_crop(4, 5, 1, 1, crop)
    crop[:] = 0
    mask.crop()[:] = False
    mask.bitmap()[:] = False
    assert mask.area() == 6
