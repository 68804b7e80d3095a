from __future__ import annotations

import colorsys
from typing import Any

import numpy as np
from made_samples import made_sample

from instseg_train.data.transforms.distort import (
    RandomDistort,
    brightness,
    contrast,
    saturation,
    turned_hue,
)

GREY = np.array([0.299, 0.587, 0.114])


def picture() -> np.ndarray[Any, Any]:
    return np.random.default_rng(0).integers(0, 256, (20, 30, 3), np.uint8)


def near(found: np.ndarray[Any, Any], exact: np.ndarray[Any, Any]) -> bool:
    """Within a level: of the rounding of grey, and of Pillow's cutting of decimals."""
    limited = np.clip(exact, 0, 255)
    return bool((np.abs(found.astype(float) - limited) <= 1.5).all())


def test_factors_blend_with_black_with_the_mean_grey_and_with_grey() -> None:
    image = picture()
    levels = image.astype(float)
    grey = levels @ GREY
    for factor in (0.5, 0.8, 1.0, 1.5):
        rest = 1 - factor
        assert near(brightness(image, factor), levels * factor)
        assert near(contrast(image, factor), levels * factor + rest * grey.mean())
        assert near(saturation(image, factor), levels * factor + rest * grey[..., None])


def test_hue_turns_the_colour_circle() -> None:
    image = picture()
    for steps in (-18.0, 0.0, 7.0, 18.0):
        exact = np.empty(image.shape)
        for place in np.ndindex(image.shape[:2]):
            hue, saturation_, value = colorsys.rgb_to_hsv(*(image[place] / 255))
            exact[place] = colorsys.hsv_to_rgb((hue + steps / 256) % 1, saturation_, value)
        # On the way hue has 256 steps of 6 levels (255 are a sixth), saturation steps of one level;
        # the result is whole levels.
        off = np.abs(turned_hue(image, steps) - 255 * exact)
        assert off.max() <= 6 + 1 + 1
        assert off.mean() < 1


def test_chances_and_objects() -> None:
    random, sample = np.random.default_rng(0), made_sample()
    results = [RandomDistort()(sample, random) for _ in range(320)]
    unchanged = sum(np.array_equal(result.image, sample.image) for result in results)
    assert 4 < unchanged < 40  # 1 in 16 has none of the four: 20, and four standard deviations
    assert all(np.array_equal(result.boxes, sample.boxes) for result in results)
    assert RandomDistort(0.0)(sample, random) is sample
