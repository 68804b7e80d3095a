from __future__ import annotations

import numpy as np
from made_samples import made_sample, masks_of

from instseg_train.data.transforms.flip import RandomFlip, flip


def test_everything_is_mirrored() -> None:
    sample = made_sample()
    mirrored = flip(sample)
    assert np.array_equal(mirrored.image, sample.image[:, ::-1])
    assert np.allclose(mirrored.boxes[:, [2, 1, 0, 3]] * [-1, 1, -1, 1] + [120, 0, 120, 0],
                       sample.boxes, atol=1e-4)  # fmt: skip
    bitmaps = slice(1, None, 2)
    assert np.array_equal(masks_of(mirrored)[bitmaps], masks_of(sample)[bitmaps, :, ::-1])


def test_twice_is_nothing() -> None:
    sample = made_sample()
    again = flip(flip(sample))
    assert np.array_equal(again.image, sample.image)
    assert np.allclose(again.boxes, sample.boxes, atol=1e-4)  # float32 roundings of 120 - x
    assert np.array_equal(masks_of(again), masks_of(sample))


def test_the_input_is_not_changed() -> None:
    sample = made_sample()
    boxes, image = sample.boxes.copy(), sample.image.copy()
    flip(sample)
    assert np.array_equal(sample.boxes, boxes)
    assert np.array_equal(sample.image, image)


def test_half_of_the_images_are_flipped() -> None:
    random, sample = np.random.default_rng(0), made_sample(objects=0)
    flipped = sum(RandomFlip()(sample, random) is not sample for _ in range(400))
    assert 160 < flipped < 240  # four standard deviations
    assert RandomFlip(0.0)(sample, random) is sample
    assert RandomFlip(1.0)(sample, random) is not sample
