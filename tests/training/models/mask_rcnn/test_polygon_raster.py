"""Drawing polygons, against COCO's own tools."""

from __future__ import annotations

import numpy as np
import pytest
from models.mask_rcnn.slow_boxes import Array
from pycocotools import mask as coco_mask

from instseg_train.models.mask_rcnn.polygon_raster import rasterise


def coco_raster(outline: Array, side: int) -> Array:
    [encoded] = coco_mask.frPyObjects([outline.flatten().tolist()], side, side)
    plane: Array = coco_mask.decode(encoded).astype(bool)
    return plane


@pytest.mark.parametrize("side", [14, 28])
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-0.5, 1.5), (0.4, 0.6)])
def test_random_outlines_inside_and_across_the_edges(side: int, low: float, high: float) -> None:
    random = np.random.default_rng(0)
    for corners in (3, 4, 5, 12, 40):
        outlines = random.uniform(low * side, high * side, [20, corners, 2])
        expected = [coco_raster(outline, side) for outline in outlines]
        np.testing.assert_array_equal(rasterise(outlines, side), expected)


def test_outlines_on_whole_and_half_pixels() -> None:
    random = np.random.default_rng(1)
    outlines = random.integers(-8, 40, [200, 4, 2]) / 2
    expected = [coco_raster(outline, 14) for outline in outlines]
    np.testing.assert_array_equal(rasterise(outlines, 14), expected)


@pytest.mark.parametrize(
    "outline",
    [
        [[3, 3], [3, 3], [3, 3]],  # a point
        [[2, 2], [9, 9], [2, 2]],  # a line
        [[4, 1], [4, 12], [4, 6]],  # an upright line
        [[-9, -9], [-5, -9], [-5, -5]],  # outside
        [[-50, -50], [60, -50], [60, 60], [-50, 60]],  # all around
    ],
)
def test_outlines_without_area_or_edge(outline: list[list[float]]) -> None:
    corners = np.array([outline], np.float64)
    np.testing.assert_array_equal(rasterise(corners, 14)[0], coco_raster(corners[0], 14))


def test_a_rectangle_is_what_one_expects() -> None:
    found = rasterise(np.array([[[2.0, 3], [6, 3], [6, 9], [2, 9]]]), 14)[0]
    expected = np.zeros([14, 14], bool)
    expected[3:9, 2:6] = True
    np.testing.assert_array_equal(found, expected)
