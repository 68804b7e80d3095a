"""Small masks into the image, against loops over pixels."""

from __future__ import annotations

import math

import numpy as np
import paddle
from models.mask_rcnn.slow_boxes import Array, random_boxes

from instseg_train.models.mask_rcnn.mask_paste import paste_masks

HEIGHT, WIDTH = 23, 31


def slow_paste(prob: Array, box: Array) -> Array:
    """Bilinear between the centres of prob's cells, zero beyond them."""
    side = len(prob)
    x1, y1, x2, y2 = (float(value) for value in box)

    def cell(row: int, column: int) -> float:
        inside = 0 <= row < side and 0 <= column < side
        return float(prob[row, column]) if inside else 0.0

    plane = np.zeros([HEIGHT, WIDTH])
    for row in range(HEIGHT):
        for column in range(WIDTH):
            y = (row + 0.5 - y1) / (y2 - y1) * side - 0.5
            x = (column + 0.5 - x1) / (x2 - x1) * side - 0.5
            top, left = math.floor(y), math.floor(x)
            dy, dx = y - top, x - left
            plane[row, column] = (
                cell(top, left) * (1 - dy) * (1 - dx)
                + cell(top, left + 1) * (1 - dy) * dx
                + cell(top + 1, left) * dy * (1 - dx)
                + cell(top + 1, left + 1) * dy * dx
            )
    return plane


def pasted(probs: Array, boxes: Array) -> Array:
    height, width = paddle.to_tensor(HEIGHT), paddle.to_tensor(WIDTH)
    found: Array = paste_masks(
        paddle.to_tensor(probs), paddle.to_tensor(boxes), height, width
    ).numpy()
    return found


def test_equals_the_loops_also_where_boxes_cross_the_edges() -> None:
    random = np.random.default_rng(0)
    boxes = random_boxes(random, 12, (HEIGHT, WIDTH), (0.5, 25)) - np.float32(3)
    probs = random.uniform(size=[12, 5, 5]).astype(np.float32)
    expected = [slow_paste(prob, box) for prob, box in zip(probs, boxes, strict=True)]
    # The grid is in float32 and up to 60 box sides away from the box.
    np.testing.assert_allclose(pasted(probs, boxes), expected, atol=2e-5)


def test_a_box_of_as_many_pixels_as_cells_copies_them() -> None:
    probs = np.random.default_rng(1).uniform(size=[1, 6, 6]).astype(np.float32)
    plane = pasted(probs, np.array([[4, 3, 10, 9]], np.float32))[0]
    np.testing.assert_allclose(plane[3:9, 4:10], probs[0], atol=1e-6)
    plane[3:9, 4:10] = 0
    np.testing.assert_allclose(plane, 0, atol=1e-6)


def test_no_boxes() -> None:
    empty = pasted(np.zeros([0, 5, 5], np.float32), np.zeros([0, 4], np.float32))
    assert empty.shape == (0, HEIGHT, WIDTH)
