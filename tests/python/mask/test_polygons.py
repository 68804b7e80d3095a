"""Polygons: exact outlines with holes, filled back and compared with scikit-image's labels."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hypothesis_numpy
from numpy.typing import NDArray
from skimage.measure import label

from instseg import _core

Bits = NDArray[np.bool_]
Ring = NDArray[np.int32]


def fill(ring: Ring, height: int, width: int) -> Bits:
    """Even-odd rule: a pixel is inside where an odd number of vertical sides lies to its left."""
    sides = np.zeros((height, width + 1), np.uint8)
    for (x0, y0), (x1, y1) in zip(ring, np.roll(ring, -1, axis=0), strict=True):
        if x0 == x1:
            sides[min(y0, y1) : max(y0, y1), x0] ^= 1
    return np.bitwise_xor.accumulate(sides, axis=1)[:, :width].astype(bool)


def signed_area(ring: Ring) -> float:
    """Positive for a ring that runs clockwise on a screen (y down)."""
    x, y = ring.T.astype(np.int64)
    return float((x * np.roll(y, -1) - np.roll(x, -1) * y).sum()) / 2


def check_ring(ring: Ring, *, exterior: bool) -> None:
    assert ring.dtype == np.int32
    assert ring.ndim == 2
    assert ring.shape[1] == 2
    # Horizontal and vertical sides in turn: no three vertices in one line.
    steps = np.roll(ring, -1, axis=0) - ring
    horizontal = (steps[:, 1] == 0) & (steps[:, 0] != 0)
    vertical = (steps[:, 0] == 0) & (steps[:, 1] != 0)
    assert (horizontal ^ vertical).all()
    assert (horizontal != np.roll(horizontal, -1)).all()
    # A simple ring that starts at its top left vertex.
    vertices = [tuple(vertex) for vertex in ring[:, ::-1].tolist()]
    assert len(set(vertices)) == len(vertices)
    assert vertices[0] == min(vertices)
    assert (signed_area(ring) > 0) == exterior


def check_polygons(mask: _core.Mask) -> None:
    bitmap = mask.bitmap()
    height, width = bitmap.shape
    polygons = mask.polygons()
    parts, num_parts = label(bitmap, connectivity=1, return_num=True)
    assert len(polygons) == num_parts
    for number, (exterior, *holes) in enumerate(polygons, start=1):
        check_ring(exterior, exterior=True)
        filled = fill(exterior, height, width)
        area = signed_area(exterior)
        for hole in holes:
            check_ring(hole, exterior=False)
            inside = fill(hole, height, width)
            assert (filled & inside).sum() == inside.sum(), "a hole leaves the exterior or a hole"
            filled &= ~inside
            area += signed_area(hole)
        starts = [(int(hole[0, 1]), int(hole[0, 0])) for hole in holes]
        assert starts == sorted(starts)
        # Parts come in the order in which scikit-image meets them: by rows.
        np.testing.assert_array_equal(filled, parts == number)
        assert area == filled.sum()


@settings(max_examples=200, deadline=None)
@given(
    hypothesis_numpy.arrays(np.bool_, hypothesis_numpy.array_shapes(min_dims=2, max_dims=2)),
    st.integers(0, 5),
    st.integers(0, 70),
)
def test_small_masks(crop: Bits, y: int, x: int) -> None:
    height, width = crop.shape
    check_polygons(_core.Mask.from_crop(y + height + 1, x + width, x, y, crop))


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 80), st.integers(1, 150), st.floats(0, 1), st.integers(0, 2**32 - 1))
def test_noise(height: int, width: int, density: float, seed: int) -> None:
    crop = np.random.default_rng(seed).random((height, width)) < density
    check_polygons(_core.Mask.from_crop(height, width, 0, 0, crop))


def test_every_3x3_mask_inside_a_frame() -> None:
    for bits in itertools.product((False, True), repeat=9):
        crop = np.ones((5, 5), bool)
        crop[1:4, 1:4] = np.array(bits).reshape(3, 3)
        check_polygons(_core.Mask.from_crop(5, 5, 0, 0, crop))


def test_rings_in_rings() -> None:
    y, x = np.mgrid[:101, :131]
    distance = np.maximum(abs(y - 50), abs(x - 65))
    mask = _core.Mask.from_crop(101, 131, 0, 0, distance % 4 < 2)
    check_polygons(mask)
    assert max(len(rings) for rings in mask.polygons()) == 2


def test_smooth_shape_has_few_vertices() -> None:
    y, x = np.mgrid[:400, :300]
    crop = ((y - 200) / 190) ** 2 + ((x - 150) / 140) ** 2 < 1
    mask = _core.Mask.from_crop(1080, 1920, 800, 300, crop)
    check_polygons(mask)
    ((exterior,),) = mask.polygons()
    # Four per step of the outline, and every row and column is passed twice.
    assert len(exterior) <= 4 * (2 * 190 + 2 * 140)
    assert exterior.min(axis=0).tolist() == [800 + 11, 300 + 11]
