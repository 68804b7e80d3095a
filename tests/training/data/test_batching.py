"""Samples to arrays."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from made_samples import made_sample, masks_of

from instseg_train.data.batching import join
from instseg_train.data.recipes import Recipe, Steps
from instseg_train.data.task import PackedSample
from instseg_train.data.transforms.rasterise import Rasterise

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
RANDOM = np.random.default_rng(0)


def recipe(pad_stride: int = 32, *, polygons: bool = False) -> Recipe:
    return Recipe(Steps([]), MEAN, STD, pad_stride, polygons)


def test_images_are_normalised_and_padded_with_zeros() -> None:
    samples = [Rasterise()(made_sample(size), RANDOM) for size in ((90, 120), (64, 130))]
    batch = join(samples, recipe())
    assert batch["image"].shape == (2, 3, 96, 160)
    assert batch["image"].dtype == np.float32
    for found, sample in zip(batch["image"], samples, strict=True):
        expected = np.zeros((96, 160, 3))
        height, width = sample.size
        expected[:height, :width] = (sample.image / 255 - MEAN) / STD
        assert np.allclose(found.transpose(1, 2, 0), expected, atol=1e-6)  # float32 roundings
    assert batch["im_shape"].tolist() == [[90, 120], [64, 130]]
    masks = np.zeros((6, 96, 160), np.uint8)
    masks[:, :64, :130] = masks_of(samples[1])
    assert np.array_equal(batch["gt_segm"][1], masks)


def test_without_a_stride_batches_are_as_large_as_their_largest_image() -> None:
    samples = [Rasterise()(made_sample(size), RANDOM) for size in ((90, 120), (64, 130))]
    assert join(samples, recipe(1))["image"].shape == (2, 3, 90, 130)


def test_objects_as_the_models_take_them() -> None:
    sample = Rasterise()(made_sample(objects=2), RANDOM)
    empty = Rasterise()(made_sample(objects=0), RANDOM)
    batch = join([replace(sample, original=(45, 30)), empty], recipe())
    assert batch["scale_factor"].tolist() == [[2, 4], [1, 1]]
    assert [boxes.shape for boxes in batch["gt_bbox"]] == [(2, 4), (0, 4)]
    assert [masks.shape for masks in batch["gt_segm"]] == [(2, 96, 128), (0, 96, 128)]
    types = {key: batch[key][0].dtype for key in ("gt_bbox", "gt_class", "gt_segm", "is_crowd")}
    assert types == {
        "gt_bbox": np.float32,
        "gt_class": np.int64,
        "gt_segm": np.uint8,
        "is_crowd": np.int32,
    }
    assert batch["image_id"].tolist() == [7, 7]
    assert "gt_poly" not in batch


def test_polygons_where_all_objects_are_polygons() -> None:
    mixed = Rasterise()(made_sample(), RANDOM)
    polygons = made_sample().select(np.arange(6) % 2 == 0)
    batch = join([mixed, polygons], recipe(polygons=True))
    assert batch["gt_poly"][0] is None
    outlines = batch["gt_poly"][1]
    assert outlines is not None
    assert [len(parts) for parts in outlines] == [1, 1, 1]
    assert outlines[0][0].shape == (80,)
    assert [masks.shape for masks in batch["gt_segm"]] == [(6, 96, 128), (0, 96, 128)]


def test_packing_is_undone() -> None:
    for sample in (made_sample(), Rasterise()(made_sample(objects=5), RANDOM)):
        again = PackedSample.pack(sample).unpack()
        assert np.array_equal(again.image, sample.image)
        if sample.masks is None:
            assert again.masks is None
        else:
            assert again.masks is not None
            assert np.array_equal(again.masks, sample.masks)
