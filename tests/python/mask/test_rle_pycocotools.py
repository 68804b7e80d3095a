"""Run lengths against pycocotools, the reference for COCO's format: equal byte for byte."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pycocotools import mask as coco

from instseg import _core

Bits = NDArray[np.bool_]


def draw_crop(rng: np.random.Generator, height: int, width: int) -> Bits:
    """Noise of any density, stripes in both directions, a checkerboard, or one value."""
    y, x = np.mgrid[:height, :width]
    period = int(rng.integers(1, 70))
    kinds: list[Bits] = [
        rng.random((height, width)) < rng.random(),
        rng.random((height, width)) < 0.01,
        rng.random((height, width)) < 0.99,
        x // period % 2 == 0,
        y // period % 2 == 0,
        (x + y) % 2 == 0,
        np.ones((height, width), bool),
        np.zeros((height, width), bool),
        np.hypot(y - height / 2, x - width / 2) < period,
    ]
    return kinds[int(rng.integers(len(kinds)))]


def check_equal(height: int, width: int, y: int, x: int, crop: Bits) -> None:
    image = np.zeros((height, width), np.uint8)
    image[y : y + crop.shape[0], x : x + crop.shape[1]] = crop
    expected = coco.encode(np.asfortranarray(image))
    mask = _core.Mask.from_crop(height, width, x, y, crop)

    assert mask.rle() == expected["counts"].decode()
    assert expected["size"] == list(mask.image_size)
    # The plain counts mean the same string to pycocotools.
    plain = {"size": [height, width], "counts": mask.rle_counts().tolist()}
    assert coco.frPyObjects(plain, height, width)["counts"] == expected["counts"]
    assert mask.area() == int(coco.area(expected))
    np.testing.assert_array_equal(mask.bitmap(), image.astype(bool))


@st.composite
def placements(draw: st.DrawFn, max_size: int) -> tuple[int, int, int, int, int, int]:
    """(image height, image width, y, x, crop height, crop width); crops often touch edges."""
    height = draw(st.integers(1, max_size) | st.sampled_from([63, 64, 65, 128]))
    width = draw(st.integers(1, max_size) | st.sampled_from([63, 64, 65, 128]))
    crop_height = draw(st.just(height) | st.integers(0, height))
    crop_width = draw(st.just(width) | st.integers(0, width))
    y = draw(st.sampled_from([0, height - crop_height]) | st.integers(0, height - crop_height))
    x = draw(st.sampled_from([0, width - crop_width]) | st.integers(0, width - crop_width))
    return height, width, y, x, crop_height, crop_width


@settings(max_examples=600, deadline=None)
@given(placements(max_size=200), st.integers(0, 2**32 - 1))
def test_random_masks(placement: tuple[int, int, int, int, int, int], seed: int) -> None:
    height, width, y, x, crop_height, crop_width = placement
    crop = draw_crop(np.random.default_rng(seed), crop_height, crop_width)
    check_equal(height, width, y, x, crop)


@pytest.mark.parametrize("shape", [(2, 4), (4, 2), (1, 8), (8, 1)])
def test_every_mask_of_eight_pixels(shape: tuple[int, int]) -> None:
    for bits in range(256):
        pixels = np.array([bits >> i & 1 for i in range(8)], bool)
        check_equal(*shape, 0, 0, pixels.reshape(shape))


def test_photo_size() -> None:
    rng = np.random.default_rng(3)
    for _ in range(9):
        check_equal(1080, 1920, 333, 801, draw_crop(rng, 400, 300))
    check_equal(1080, 1920, 0, 0, draw_crop(rng, 1080, 1920))
