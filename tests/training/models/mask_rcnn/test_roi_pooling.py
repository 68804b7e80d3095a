"""RoIAlign, against loops over boxes, cells and samples."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_area

from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling, box_counts

STRIDES = (4, 8, 16, 32)


def slow_sample(plane: Array, y: float, x: float) -> Array:
    """[C, H, W] -> [C], bilinear between pixels' upper left corners; 0 from one pixel outside."""
    height, width = plane.shape[1:]
    if not (-1 <= y <= height and -1 <= x <= width):
        return np.zeros(len(plane))
    y, x = (min(max(place, 0), side - 1) for place, side in ((y, height), (x, width)))
    top, left = math.floor(y), math.floor(x)
    bottom, right = min(top + 1, height - 1), min(left + 1, width - 1)
    dy, dx = y - top, x - left
    upper = plane[:, top, left] * (1 - dx) + plane[:, top, right] * dx
    lower = plane[:, bottom, left] * (1 - dx) + plane[:, bottom, right] * dx
    pooled: Array = upper * (1 - dy) + lower * dy
    return pooled


def slow_pool(plane: Array, box: Array, stride: int, side: int) -> Array:
    """[C, H, W] and a box in pixels of the input -> [C, side, side]. As many samples per cell as it
    has pixels (rounded up), in rows and columns; a box is at least one pixel of the map wide."""
    x1, y1, x2, y2 = (float(value) / stride for value in box)
    width, height = max(x2 - x1, 1), max(y2 - y1, 1)
    across, down = math.ceil(width / side), math.ceil(height / side)
    found = np.zeros([len(plane), side, side])
    for row in range(side):
        for column in range(side):
            for i in range(down):
                for j in range(across):
                    y = y1 + (row + (i + 0.5) / down) * height / side
                    x = x1 + (column + (j + 0.5) / across) * width / side
                    found[:, row, column] += slow_sample(plane, y, x) / (down * across)
    return found


def slow_level(box: Array) -> int:
    """The level of 4: of 224 x 224 pixels the third, of half the side the one before."""
    side = math.sqrt(max(slow_area(box), 0))
    level = math.floor(math.log2(side / 224)) + 4 if side else 2
    return min(max(level, 2), 5) - 2


def pyramid(random: np.random.Generator, images: int) -> list[Array]:
    return [random.normal(size=[images, 3, 256 // s, 320 // s]).astype(np.float32) for s in STRIDES]


def test_a_pyramid_of_two_images_equals_the_loops() -> None:
    random = np.random.default_rng(0)
    maps = pyramid(random, 2)
    sides = [(2, 60), (60, 200), (200, 300), (2, 300)]
    boxes = [
        np.concatenate([random_boxes(random, 3, (256, 320), side) for side in sides])
        for _ in range(2)
    ]
    boxes[1] = np.concatenate([boxes[1], [[0, 0, 319, 255], [7, 7, 7, 7]]]).astype(np.float32)
    tensors = [paddle.to_tensor(image) for image in boxes]
    found = RoIPooling(5, STRIDES)(
        [paddle.to_tensor(plane) for plane in maps], tensors, box_counts(tensors)
    ).numpy()
    levels = [slow_level(box) for image in boxes for box in image]
    assert set(levels) == {0, 1, 2}
    expected = [
        slow_pool(maps[slow_level(box)][i], box, STRIDES[slow_level(box)], 5)
        for i, image in enumerate(boxes)
        for box in image
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(
    ("side", "level"), [(111, 0), (113, 1), (223, 1), (225, 2), (447, 2), (449, 3), (2000, 3)]
)
def test_a_boxs_size_decides_its_level(side: int, level: int) -> None:
    """The maps of the levels are constants, 0 to 3."""
    maps = [paddle.full([1, 1, 2048 // s, 2048 // s], i, "float32") for i, s in enumerate(STRIDES)]
    box = paddle.to_tensor([[8.0, 8.0, 8.0 + side, 8.0 + side]])
    pooled = RoIPooling(2, STRIDES)(maps, [box], box_counts([box]))
    assert pooled.flatten().tolist() == [level] * 4
    assert slow_level(box.numpy()[0]) == level


def test_one_map_equals_the_loops() -> None:
    random = np.random.default_rng(1)
    plane = random.normal(size=[1, 4, 12, 15]).astype(np.float32)
    boxes = random_boxes(random, 6, (192, 240), (3, 230))
    tensor = paddle.to_tensor(boxes)
    found = RoIPooling(4, (16,))([paddle.to_tensor(plane)], [tensor], box_counts([tensor]))
    expected = [slow_pool(plane[0], box, 16, 4) for box in boxes]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-5)
