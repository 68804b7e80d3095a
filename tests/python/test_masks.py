"""Masks of a result: bitmaps, crops, run lengths, polygons, areas."""

import numpy as np
import pytest
from pycocotools import mask as coco
from results import HEIGHT, WIDTH, mask_of, ring, sample

from instseg import Mask, MaskCrop, Masks


def test_bitmaps_and_crops_show_the_same_pixels() -> None:
    masks = sample(5).masks
    bitmaps = masks.bitmaps()
    assert bitmaps.dtype == bool
    assert bitmaps.shape == (5, HEIGHT, WIDTH)
    for bitmap, crop in zip(bitmaps, masks.crops(), strict=True):
        assert isinstance(crop, MaskCrop)
        x, y, inside = crop
        pasted = np.zeros_like(bitmap)
        pasted[y : y + inside.shape[0], x : x + inside.shape[1]] = inside
        np.testing.assert_array_equal(pasted, bitmap)
        assert inside.any()


def test_run_lengths_are_those_of_pycocotools() -> None:
    masks = sample(5).masks
    for rle, bitmap in zip(masks.rle(), masks.bitmaps(), strict=True):
        expected = coco.encode(np.asfortranarray(bitmap, np.uint8))
        assert rle["size"] == expected["size"]
        assert rle["counts"].encode() == expected["counts"]
        np.testing.assert_array_equal(coco.decode(rle), bitmap)


def test_areas() -> None:
    masks = sample(5).masks
    assert masks.areas().dtype == np.int64
    assert masks.areas().tolist() == masks.bitmaps().sum((1, 2)).tolist()


def test_polygons_keep_holes() -> None:
    [[[exterior, hole]]] = Masks([mask_of(ring(20, 30))], (20, 30)).polygons()
    for outline in (exterior, hole):
        assert outline.dtype == np.int32
        assert outline.shape[1] == 2


def test_no_masks() -> None:
    masks = Masks([], (HEIGHT, WIDTH))
    assert masks.bitmaps().shape == (0, HEIGHT, WIDTH)
    assert masks.areas().shape == (0,)
    assert masks.areas().dtype == np.int64
    assert masks.crops() == masks.rle() == masks.polygons() == []


def test_an_empty_mask() -> None:
    masks = Masks([Mask.from_crop(10, 20, 3, 4, np.zeros((0, 0), np.uint8))], (10, 20))
    assert masks.areas().tolist() == [0]
    assert masks.crops()[0].bitmap.size == 0
    assert not masks.bitmaps().any()
    assert masks.polygons() == [[]]


def test_masks_are_a_sequence() -> None:
    masks = sample(5).masks
    assert len(masks) == 5
    assert isinstance(masks[0], Mask)
    assert masks[-1].rle() == list(masks)[4].rle()
    part = masks[1:3]
    assert isinstance(part, Masks)
    assert part.rle() == masks.rle()[1:3]
    assert part.image_size == masks.image_size
    with pytest.raises(IndexError):
        masks[5]
    assert repr(masks) == f"Masks(5 of {WIDTH} x {HEIGHT} pixels)"


def test_what_methods_give_is_the_callers_own() -> None:
    masks = sample(1).masks
    before = masks.areas().tolist()
    masks.bitmaps()[:] = False
    masks.crops()[0].bitmap[:] = False
    masks.rle()[0]["size"].clear()
    assert masks.areas().tolist() == before
    assert masks.rle()[0]["size"] == [HEIGHT, WIDTH]
