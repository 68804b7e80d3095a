"""Which cells learn which object: against loops over levels, objects and cells."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import paddle
import pytest

from instseg_train.models.solov2.targets import RANGES, image_targets, shrink

GRIDS = (40, 36, 24, 16, 12)
Array = npt.NDArray[Any]


def slow_shrink(mask: Array) -> Array:
    """OpenCV's resize by 1 / 4: the mean of the middle 2 x 2 of every 4 x 4, half rounded up."""
    height, width = mask.shape[0] // 4, mask.shape[1] // 4
    found = np.zeros([height, width], np.uint8)
    for y in range(height):
        for x in range(width):
            total = sum(int(mask[4 * y + dy, 4 * x + dx]) for dy in (1, 2) for dx in (1, 2))
            found[y, x] = math.floor(total / 4 + 0.5)
    return found


def slow_targets(
    boxes: Array, class_ids: Array, masks: Array
) -> tuple[Array, list[tuple[int, int]]]:
    """Categories [G], and pairs of cell and object, level after level."""
    categories, pairs, begin = [], [], 0
    for grid, (least, most) in zip(GRIDS, RANGES, strict=True):
        level = np.zeros([grid, grid], np.int64)
        for m, (box, mask) in enumerate(zip(boxes, masks, strict=True)):
            width, height = box[2] - box[0], box[3] - box[1]
            if not least <= math.sqrt(width * height) <= most or not mask.any():
                continue
            y, x = (float(indices.mean()) for indices in np.nonzero(mask))

            def cell(place: float, side: int, grid: int = grid) -> int:
                return int(place / side // (1.0 / grid))

            half_width = 0.5 * np.float32(width) * np.float32(0.2)
            half_height = 0.5 * np.float32(height) * np.float32(0.2)
            image_height, image_width = mask.shape
            middle_y, middle_x = cell(y, image_height), cell(x, image_width)
            for row in range(grid):
                for column in range(grid):
                    if (
                        abs(row - middle_y) <= 1
                        and abs(column - middle_x) <= 1
                        and cell(y - half_height, image_height) <= row
                        and row <= cell(y + half_height, image_height)
                        and cell(x - half_width, image_width) <= column
                        and column <= cell(x + half_width, image_width)
                    ):
                        level[row, column] = class_ids[m] + 1
                        pairs.append((begin + row * grid + column, m))
        categories.append(level.ravel())
        begin += grid * grid
    return np.concatenate(categories), pairs


def objects(seed: int, count: int, size: tuple[int, int]) -> tuple[Array, Array, Array]:
    random = np.random.default_rng(seed)
    height, width = size
    masks = np.zeros([count, height, width], np.uint8)
    boxes = np.zeros([count, 4], np.float32)
    for m in range(count):
        side = random.uniform(4, 0.9 * min(size), 2)
        y, x = random.uniform(0, height - side[0]), random.uniform(0, width - side[1])
        boxes[m] = x, y, x + side[1], y + side[0]
        rows, columns = np.mgrid[0:height, 0:width]
        inside = (columns >= x) & (columns < x + side[1]) & (rows >= y) & (rows < y + side[0])
        masks[m] = inside & (random.uniform(size=size) < 0.7)
    return boxes, random.integers(0, 5, count), masks


def found_targets(boxes: Array, class_ids: Array, masks: Array) -> Any:
    return image_targets(
        paddle.to_tensor(boxes), paddle.to_tensor(class_ids), paddle.to_tensor(masks), GRIDS
    )


@pytest.mark.parametrize(("count", "size"), [(1, (64, 96)), (6, (320, 224)), (12, (128, 512))])
def test_equals_the_loops(count: int, size: tuple[int, int]) -> None:
    for seed in range(4):
        boxes, class_ids, masks = objects(seed, count, size)
        masks[count // 2] *= seed != 3  # once an object without a pixel
        found = found_targets(boxes, class_ids, masks)
        categories, pairs = slow_targets(boxes, class_ids, masks)
        np.testing.assert_array_equal(found.categories, categories)
        assert list(zip(found.cells.tolist(), found.objects.tolist(), strict=True)) == pairs
        if pairs:
            expected = np.stack([slow_shrink(mask) for mask in masks])
            np.testing.assert_array_equal(found.masks.numpy(), expected)


def test_shrinking_equals_opencv() -> None:
    masks = (np.random.default_rng(0).uniform(size=[3, 64, 96]) < 0.5).astype(np.uint8)
    expected = [
        cv2.resize(mask, None, fx=0.25, fy=0.25, interpolation=cv2.INTER_LINEAR) for mask in masks
    ]
    np.testing.assert_array_equal(shrink(paddle.to_tensor(masks)).numpy(), expected)


def test_a_symmetric_object_on_a_cells_edge_takes_the_cells_around_it() -> None:
    mask = np.zeros([1, 240, 240], np.uint8)
    mask[0, 70:171, 70:171] = 1  # centre of mass at 120 = 10 of 20 cells of 24
    box = np.array([[70, 70, 171, 171]], np.float32)
    found = found_targets(box, np.array([2]), mask)
    expected = slow_targets(box, np.array([2]), mask)
    np.testing.assert_array_equal(found.categories, expected[0])


def test_without_objects() -> None:
    found = found_targets(
        np.zeros([0, 4], np.float32), np.zeros(0, np.int64), np.zeros([0, 64, 64], np.uint8)
    )
    assert found.masks is None
    assert len(found.cells) == len(found.objects) == 0
    assert not found.categories.any()


def test_an_object_larger_than_every_range_is_learnt_by_no_cell() -> None:
    found = found_targets(
        np.array([[0, 0, 3000, 3000]], np.float32), np.array([1]), np.ones([1, 64, 64], np.uint8)
    )
    assert found.masks is None
    assert not found.categories.any()


def test_masks_that_are_no_multiple_of_four_are_refused() -> None:
    with pytest.raises(ValueError, match="62 x 64"):
        shrink(paddle.zeros([1, 62, 64], "uint8"))
