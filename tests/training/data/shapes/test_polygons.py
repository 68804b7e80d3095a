"""Polygons against COCO's own drawing."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from instseg_train.data.shapes import Polygons
from instseg_train.data.shapes.polygons import polygon_part

SIZE = (60, 80)


def drawn(polygons: Polygons, size: tuple[int, int] = SIZE) -> np.ndarray[Any, Any]:
    mask = np.zeros(size, np.uint8)
    polygons.draw(mask)
    return mask


def by_coco(polygons: Polygons, size: tuple[int, int] = SIZE) -> np.ndarray[Any, Any]:
    """As PaddleDetection's Poly2Mask draws them."""
    runs = coco_mask.frPyObjects([part.tolist() for part in polygons.flat()], *size)
    return np.asarray(coco_mask.decode(coco_mask.merge(runs)))


def random_polygons(random: np.random.Generator, low: float, high: float) -> Polygons:
    """Up to three parts that may cross themselves; some corners are whole, some are halves."""
    parts = []
    for _ in range(random.integers(1, 4)):
        part = random.uniform(low, high, (random.integers(3, 9), 2))
        part = np.round(part * 2) / 2 if random.random() < 0.5 else part
        parts.append(part.astype(np.float32))
    return Polygons(parts)


def test_drawing_is_cocos_to_the_pixel() -> None:
    random = np.random.default_rng(1)
    for _ in range(300):
        polygons = random_polygons(random, 0, 59)
        assert np.array_equal(drawn(polygons), by_coco(polygons))


def test_corners_beyond_the_right_and_lower_edge_are_cocos_too() -> None:
    random = np.random.default_rng(2)
    for _ in range(300):
        polygons = random_polygons(random, 0, 130)
        assert np.array_equal(drawn(polygons), by_coco(polygons))


def test_corners_left_and_above_are_as_exact_as_others() -> None:
    """What COCO draws in an image that begins further left and higher, cut out."""
    random = np.random.default_rng(3)
    for _ in range(300):
        polygons = random_polygons(random, -40, 70)
        mask = np.zeros(SIZE, np.uint8)
        for part in polygons.parts:
            left, top = (int(max(0, -edge)) for edge in np.floor(part.min(axis=0)))
            larger = by_coco(Polygons([part]).moved(left, top), (60 + top, 80 + left))
            mask |= larger[top:, left:]
        assert np.array_equal(drawn(polygons), mask)


def test_a_polygon_outside_draws_nothing() -> None:
    part = np.array([[0, 0], [20, 0], [10, 20]], np.float32)
    for right, down in ((-30, 0), (0, -30), (90, 0), (0, 70)):
        assert not drawn(Polygons([part]).moved(right, down)).any()


def test_mirroring_twice_is_nothing_and_once_is_x_to_width_less_x() -> None:
    polygons = Polygons([np.array([[1, 2], [30, 4], [5, 50]], np.float32)])
    assert polygons.mirrored(80).parts[0].tolist() == [[79, 2], [50, 4], [75, 50]]
    assert np.array_equal(polygons.mirrored(80).mirrored(80).parts[0], polygons.parts[0])


def test_scaling_multiplies_the_area() -> None:
    circle = np.linspace(0, 2 * np.pi, 100, endpoint=False)
    part = np.stack([40 + 20 * np.cos(circle), 30 + 20 * np.sin(circle)], 1).astype(np.float32)
    scaled = Polygons([part]).scaled((60, 80), (120, 400))
    exact = np.pi * (20 * 5) * (20 * 2)
    perimeter = 4 * (100 + 40)  # more than the ellipse's: each pixel on it may be off by half
    assert abs(float(drawn(scaled, (120, 400)).sum()) - exact) < perimeter / 2


@pytest.mark.parametrize(
    "numbers",
    [[], [1, 2, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5, float("inf")], [1, 2, 3, 4, 5, -81.0]],
)
def test_what_is_no_polygon(numbers: list[float]) -> None:
    assert polygon_part(numbers, SIZE) is None
    assert polygon_part([1, 2, 3, 4, 5, -80.0], SIZE) is not None
