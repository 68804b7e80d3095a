"""Moving boxes, against one box at a time."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import random_boxes, slow_clipped, slow_deltas, slow_moved

from instseg_train.boxes.box_deltas import boxes_from_deltas, clipped, deltas_from_boxes, has_area

FACTORS = (10.0, 20.0, 5.0, 2.5)


def test_deltas_equal_those_of_one_box_at_a_time() -> None:
    random = np.random.default_rng(0)
    boxes, targets = (random_boxes(random, 20, (60, 90), (3, 50)) for _ in range(2))
    found = deltas_from_boxes(paddle.to_tensor(boxes), paddle.to_tensor(targets), FACTORS)
    expected = [slow_deltas(*pair, FACTORS) for pair in zip(boxes, targets, strict=True)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("classes", [1, 3])
def test_moved_boxes_equal_those_of_one_box_at_a_time(classes: int) -> None:
    random = np.random.default_rng(1)
    boxes = random_boxes(random, 12, (60, 90), (3, 50))
    deltas = random.normal(0, 4, [12, 4 * classes]).astype(np.float32)
    found = boxes_from_deltas(paddle.to_tensor(boxes), paddle.to_tensor(deltas), FACTORS)
    assert found.shape == [12, classes, 4]
    for box, row, moved in zip(boxes, deltas, found.numpy(), strict=True):
        expected = [slow_moved(box, row[4 * k : 4 * k + 4], FACTORS) for k in range(classes)]
        np.testing.assert_allclose(moved, expected, rtol=1e-4, atol=1e-3)


def test_a_box_moved_by_its_deltas_is_the_target() -> None:
    random = np.random.default_rng(2)
    boxes, targets = (
        paddle.to_tensor(random_boxes(random, 20, (60, 90), (3, 50))) for _ in range(2)
    )
    moved = boxes_from_deltas(boxes, deltas_from_boxes(boxes, targets, FACTORS), FACTORS)
    np.testing.assert_allclose(moved[:, 0].numpy(), targets.numpy(), atol=1e-4)


def test_a_box_grows_at_most_62_5_times() -> None:
    box = paddle.to_tensor([[0.0, 0.0, 2.0, 2.0]])
    moved = boxes_from_deltas(box, paddle.to_tensor([[0.0, 0.0, 1e9, math.log(10)]]), (1, 1, 1, 1))
    x1, y1, x2, y2 = moved.flatten().tolist()
    assert (x2 - x1, y2 - y1) == pytest.approx((125, 20))


def test_clipping_and_empty_boxes() -> None:
    random = np.random.default_rng(3)
    boxes = random.uniform(-30, 120, [30, 4]).astype(np.float32)
    found = clipped(paddle.to_tensor(boxes), paddle.to_tensor([60.0, 90.0])).numpy()
    np.testing.assert_array_equal(found, [slow_clipped(box, 60, 90) for box in boxes])
    expected = [bool(x2 > x1 and y2 > y1) for x1, y1, x2, y2 in found]
    assert has_area(paddle.to_tensor(found)).tolist() == expected
    assert 0 < sum(expected) < 30


def test_clipping_takes_boxes_of_every_class() -> None:
    boxes = paddle.to_tensor([[[-1.0, 2, 30, 40], [5, 6, 7, 8]]])
    assert clipped(boxes, paddle.to_tensor([10.0, 20.0])).tolist() == [
        [[0, 2, 20, 10], [5, 6, 7, 8]]
    ]
