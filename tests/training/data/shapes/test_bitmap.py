"""Bitmaps of a rectangle against whole masks."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from pycocotools import mask as coco_mask

from instseg_train.data.shapes import Bitmap

SIZE = (37, 53)


def random_mask(random: np.random.Generator) -> np.ndarray[Any, Any]:
    """Noise in a rectangle."""
    mask = np.zeros(SIZE, np.uint8)
    (top, bottom), (left, right) = (np.sort(random.integers(0, n + 1, 2)) for n in SIZE)
    mask[top:bottom, left:right] = random.random((bottom - top, right - left)) < 0.5
    return mask


def bitmap_of(mask: np.ndarray[Any, Any]) -> Bitmap:
    return Bitmap.of_run_lengths(coco_mask.encode(np.asfortranarray(mask))["counts"], SIZE)


def drawn(bitmap: Bitmap, size: tuple[int, int] = SIZE) -> np.ndarray[Any, Any]:
    mask = np.zeros(size, np.uint8)
    bitmap.draw(mask)
    return mask


def test_all_operations_are_those_of_the_whole_mask() -> None:
    random = np.random.default_rng(0)
    for _ in range(200):
        mask = random_mask(random)
        bitmap = bitmap_of(mask)
        assert np.array_equal(drawn(bitmap), mask)
        assert np.array_equal(drawn(bitmap.mirrored(SIZE[1])), mask[:, ::-1])
        right, down = (int(value) for value in random.integers(-40, 40, 2))
        moved = np.pad(mask, 80)[80 - down : 80 - down + 60, 80 - right : 80 - right + 50]
        assert np.array_equal(drawn(bitmap.moved(right, down), (60, 50)), moved)


def test_scaling_takes_the_pixels_of_opencvs_nearest_neighbour() -> None:
    random = np.random.default_rng(1)
    for _ in range(200):
        mask = random_mask(random)
        new = tuple(int(value) for value in random.integers(5, 150, 2))
        scaled = cv2.resize(mask, new[::-1], interpolation=cv2.INTER_NEAREST)
        assert np.array_equal(drawn(bitmap_of(mask).scaled(SIZE, (new[0], new[1])), new), scaled)


def test_steps_after_one_another_are_those_of_the_whole_mask() -> None:
    """On a canvas, cut out, mirrored, scaled: the rectangle reaches over edges on the way."""
    random = np.random.default_rng(2)
    for _ in range(200):
        mask = random_mask(random)
        left, top = (int(value) for value in random.integers(0, 25, 2))
        whole = np.ascontiguousarray(mask[top : top + 12, left : left + 28][:, ::-1])
        scaled = cv2.resize(whole, (61, 40), interpolation=cv2.INTER_NEAREST)
        steps = bitmap_of(mask).moved(-left, -top).mirrored(28).scaled((12, 28), (40, 61))
        assert np.array_equal(drawn(steps, (40, 61)), scaled)
