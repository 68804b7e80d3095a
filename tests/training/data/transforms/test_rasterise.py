from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_samples import made_sample, masks_of

from instseg_train.data.shapes import Bitmap
from instseg_train.data.transforms.rasterise import Rasterise

RANDOM = np.random.default_rng(0)


def test_masks_of_all_objects() -> None:
    sample = made_sample()
    masks = Rasterise()(sample, RANDOM).masks
    assert masks is not None
    assert np.array_equal(masks, masks_of(sample))
    none = Rasterise()(made_sample(objects=0), RANDOM).masks
    assert none is not None
    assert none.shape == (0, 90, 120)


def test_objects_without_a_pixel_are_left_out_if_asked_for() -> None:
    sample = made_sample()
    outside = [*sample.shapes[:2], Bitmap(-5, -5, np.ones((3, 3), np.uint8)), *sample.shapes[3:]]
    sample = replace(sample, shapes=outside)
    assert len(Rasterise()(sample, RANDOM)) == 6
    dropped = Rasterise(drop_unseen=True)(sample, RANDOM)
    assert dropped.class_ids.tolist() == [0, 1, 3, 4, 5]
    assert dropped.masks is not None
    assert len(dropped.masks) == len(dropped.shapes) == len(dropped.boxes) == 5


def test_polygons_stay_where_all_are() -> None:
    sample = made_sample()
    keep = Rasterise(keep_polygons=True)
    assert keep(sample, RANDOM).masks is not None
    polygons = sample.select(np.arange(6) % 2 == 0)
    assert keep(polygons, RANDOM) is polygons
