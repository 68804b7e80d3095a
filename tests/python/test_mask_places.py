"""Centroids and oriented boxes of a result, against OpenCV and NumPy."""

import cv2
import numpy as np
import pytest
from results import mask_of, sample

from instseg import Mask, Masks, Result

SIDE = 120


def result_of(*bitmaps: np.ndarray) -> Result:
    boxes = np.tile(np.array([[10, 20, 30, 60]], np.float32), (len(bitmaps), 1))
    masks = Masks([mask_of(bitmap) for bitmap in bitmaps], (SIDE, SIDE))
    return sample(len(bitmaps), SIDE, SIDE, masks=masks, boxes=boxes)


def stick(degrees: float) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    u, v = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (np.abs(x * u + y * v) < 40) & (np.abs(y * u - x * v) < 7)


def test_centroids_are_means_of_pixel_centres() -> None:
    random = np.random.default_rng(1)
    bitmaps = [random.random((SIDE, SIDE)) < density for density in (0.001, 0.1, 0.9, 1.1)]
    centroids = result_of(*bitmaps).centroids()
    assert centroids.dtype == np.float32
    for bitmap, centroid in zip(bitmaps, centroids, strict=True):
        y, x = np.nonzero(bitmap)
        # float32 at values below 128: half a unit in the last place.
        np.testing.assert_allclose(centroid, (x.mean() + 0.5, y.mean() + 0.5), atol=4e-6, rtol=0)


@pytest.mark.parametrize("degrees", range(0, 180, 7))
def test_boxes_are_as_small_as_those_of_opencv(degrees: int) -> None:
    bitmap = stick(degrees)
    [corners] = result_of(bitmap).oriented_boxes()
    y, x = np.nonzero(bitmap)
    points = np.concatenate([np.stack([x + dx, y + dy], 1) for dx in (0, 1) for dy in (0, 1)])
    _, (width, height), _ = cv2.minAreaRect(points.astype(np.float32))
    sides = np.linalg.norm(np.roll(corners, -1, axis=0) - corners, axis=1)
    # OpenCV computes in float32: some 1e-5 of the area of up to 1400.
    assert abs(sides[0] * sides[1] - width * height) < 0.05
    # It holds all pixels, clockwise.
    for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        across = (b[0] - a[0]) * (points[:, 1] - a[1]) - (b[1] - a[1]) * (points[:, 0] - a[0])
        assert across.min() > -1e-2  # pixels times a side's length of up to 100
    assert corners[0, 1] == corners[:, 1].min()


def test_an_upright_rectangle() -> None:
    bitmap = np.zeros((SIDE, SIDE), bool)
    bitmap[10:20, 30:70] = True
    assert result_of(bitmap).oriented_boxes().tolist() == [[[30, 10], [70, 10], [70, 20], [30, 20]]]


def test_empty_masks_have_their_box() -> None:
    result = result_of(np.zeros((SIDE, SIDE), bool), stick(0))
    assert result.oriented_boxes()[0].tolist() == [[10, 20], [30, 20], [30, 60], [10, 60]]
    assert result.centroids()[0].tolist() == [20, 40]


def test_no_instances() -> None:
    result = sample(0)
    assert result.oriented_boxes().shape == (0, 4, 2)
    assert result.centroids().shape == (0, 2)
    assert result.oriented_boxes().dtype == result.centroids().dtype == np.float32


def test_the_result_is_not_changed() -> None:
    result = sample(3)
    before = result.boxes.copy()
    result.oriented_boxes()[:] = -1
    result.centroids()[:] = -1
    assert np.array_equal(result.boxes, before)


def test_masks_of_the_core() -> None:
    mask = Mask.from_crop(50, 60, 7, 9, np.eye(3, dtype=np.uint8))
    assert mask.extent() == (7, 9, 3, 3)
    assert mask.centroid() == (8.5, 10.5)
    assert mask.area_inside(8, 0, 60, 50) == 2
    other = mask.moved(50, 60, 1, 1)
    assert mask.intersection_area(other) == 2
    assert Mask.united([mask, other]).area() == 4
    nothing = Mask.from_crop(50, 60, 0, 0, np.zeros((4, 4), np.uint8))
    assert (nothing.extent(), nothing.centroid()) == ((0, 0, 0, 0), None)
    assert nothing.oriented_box() is None
