"""The recipes' numbers, and what comes out of each."""

from __future__ import annotations

import numpy as np
import pytest
from made_samples import boxes_of, made_sample

from instseg.errors import InvalidArgument
from instseg_train.data.recipes import Recipe, recipe, shorter_sides, sizes_around
from instseg_train.data.sample import Sample

FAMILIES = ("PP-YOLOE_seg-S", "Mask-RT-DETR-L", "MaskRCNN-ResNet50-FPN", "SOLOv2")


def run(steps: Recipe, sample: Sample, seed: int) -> Sample:
    for random, part in (
        (np.random.default_rng(seed), steps.steps.own),
        (np.random.default_rng(seed + 1000), steps.steps.shared),
    ):
        for step in part:
            sample = step(sample, random)
    return sample


def test_the_official_sizes() -> None:
    sides = (480, 512, 544, 576, 608, 640, 640, 640, 672, 704, 736, 768, 800)
    assert sizes_around((640, 640)) == [(side, side) for side in sides]
    shorter = (640, 672, 704, 736, 768, 800)
    assert shorter_sides((800, 1333)) == [(side, 1333) for side in shorter]


def test_sizes_scale_with_the_input() -> None:
    assert sizes_around((320, 320)) == [(s, s) for s in (256, 288, 320, 320, 320, 352, 384)]
    wide = {(96, 192), (128, 224), (128, 256)}  # smaller ones have too few pixels
    assert set(sizes_around((96, 192))) == wide
    assert shorter_sides((200, 333))[0] == (160, 333)


@pytest.mark.parametrize(
    ("model", "stride", "mean", "polygons"),
    [
        ("PP-YOLOE_seg-S", 1, 0.0, False),
        ("Mask-RT-DETR-H", 1, 0.0, False),
        ("SOLOv2", 32, 0.485, False),
        ("MaskRCNN-ResNet50-FPN", 32, 0.485, True),
        ("MaskRCNN-ResNet50", 1, 0.485, True),
        ("Cascade-MaskRCNN-ResNet50-FPN", 32, 0.485, True),
    ],
)
def test_what_models_take(model: str, stride: int, mean: float, polygons: bool) -> None:
    found = recipe(model)
    assert (found.pad_stride, found.mean[0], found.polygons) == (stride, mean, polygons)


@pytest.mark.parametrize("model", FAMILIES)
def test_boxes_and_masks_stay_together(model: str) -> None:
    """Through all steps of 40 images: a mask ends where its box does, to the pixel of rounding, as
    long as no other edge cut it before (a box may lie a pixel of the image as read around it)."""
    steps = recipe(model)
    compared = 0
    for seed in range(40):
        sample = made_sample(seed=seed)
        result = run(steps, sample, seed)
        masks = result.masks
        assert masks is not None
        assert masks.shape == (len(result), *result.size)
        seen = masks.any(axis=(1, 2))
        pixel = max(1, *result.size) / 40  # a pixel of the smallest crop, a third of 120 x 90
        off = np.abs(boxes_of(masks[seen]) - result.boxes[seen])
        assert off.max(initial=0) <= pixel
        compared += int(seen.sum())
        assert ((result.boxes >= 0) & (result.boxes <= np.tile(result.size[::-1], 2))).all()
    assert compared > 80


@pytest.mark.parametrize("model", FAMILIES)
def test_the_same_seed_gives_the_same_sample(model: str) -> None:
    first, again = (run(recipe(model), made_sample(), 3) for _ in range(2))
    assert np.array_equal(first.image, again.image)
    assert np.array_equal(first.boxes, again.boxes)


def test_sizes_of_the_families() -> None:
    for seed in range(10):
        assert run(recipe("PP-YOLOE_seg-S", (96, 128)), made_sample(seed=seed), seed).size == (
            96,
            128,
        )
        assert run(recipe("SOLOv2", (60, 200)), made_sample(), seed).size == (60, 80)
        rcnn = run(recipe("MaskRCNN-ResNet50", (100, 200)), made_sample(), seed)
        assert rcnn.size[0] in (80, 84, 88, 92, 96, 100)
        detr = run(recipe("Mask-RT-DETR-S", (160, 160)), made_sample(), seed)
        assert detr.size in ((128, 128), (160, 160), (192, 192))


def test_what_is_refused() -> None:
    with pytest.raises(InvalidArgument, match="no model is named 'YOLO'"):
        recipe("YOLO")
    with pytest.raises(InvalidArgument, match="100 x 96; PP-YOLOE_seg-S needs multiples of 32"):
        recipe("PP-YOLOE_seg-S", (100, 96))
