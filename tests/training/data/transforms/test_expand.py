from __future__ import annotations

import numpy as np
from made_samples import made_sample, masks_of

from instseg_train.data.transforms.expand import MEAN_COLOUR, RandomExpand, expand


def test_the_image_lies_on_the_canvas_with_its_objects() -> None:
    sample = made_sample()
    larger = expand(sample, (200, 300), left=31, top=17, colour=(1, 2, 3))
    canvas = np.full((200, 300, 3), (1, 2, 3), np.uint8)
    canvas[17 : 17 + 90, 31 : 31 + 120] = sample.image
    assert np.array_equal(larger.image, canvas)
    assert np.array_equal(larger.boxes, sample.boxes + np.float32([31, 17, 31, 17]))
    masks = masks_of(larger)
    assert masks.sum() == masks_of(sample).sum() > 0
    bitmaps = slice(1, None, 2)
    window = masks[bitmaps, 17 : 17 + 90, 31 : 31 + 120]
    assert np.array_equal(window, masks_of(sample)[bitmaps])


def test_chances() -> None:
    random, sample = np.random.default_rng(0), made_sample(objects=1)
    results = [RandomExpand()(sample, random) for _ in range(400)]
    larger = [result for result in results if result is not sample]
    assert 160 < len(larger) < 240  # four standard deviations
    ratios = [result.size[1] / 120 for result in larger]
    assert 1 < min(ratios) < 1.1
    assert 3.9 < max(ratios) < 4
    for result in larger:
        assert (
            result.size[0] == int(90 * (result.size[1] + 1) / 120)
            or abs(result.size[0] / 90 - result.size[1] / 120) < 1 / 90
        )
        assert (result.image == MEAN_COLOUR).all(axis=2).any()
