"""Boxes with plain numbers."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest

from instseg_train.models.mask_rtdetr.box_geometry import (
    box_iou,
    centre_and_size,
    corners,
    first_boxes,
    inverse_sigmoid,
)


def test_corners_and_back() -> None:
    boxes = paddle.to_tensor([[[0.5, 0.4, 0.2, 0.6]], [[0.1, 0.9, 0.4, 0.0]]])
    expected = [[[0.4, 0.1, 0.6, 0.7]], [[-0.1, 0.9, 0.3, 0.9]]]
    np.testing.assert_allclose(corners(boxes).numpy(), expected, atol=1e-6)
    np.testing.assert_allclose(centre_and_size(corners(boxes)).numpy(), boxes.numpy(), atol=1e-6)


def test_inverse_sigmoid() -> None:
    x = [-0.5, 0.0, 1e-7, 0.2, 0.5, 0.9, 1.0 - 1e-7, 1.0, 2.0]
    expected = []
    for value in x:
        value = min(max(value, 0.0), 1.0)
        expected.append(math.log(max(value, 1e-5) / max(1 - value, 1e-5)))
    found = inverse_sigmoid(paddle.to_tensor(x))
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)
    assert paddle.nn.functional.sigmoid(found[3]).item() == pytest.approx(0.2, rel=1e-5)


def test_first_boxes_are_the_extents_of_the_masks() -> None:
    random = np.random.default_rng(0)
    masks = random.normal(-2.0, 1.0, [2, 20, 6, 9]).astype("float32")
    masks[0, 0] = -1.0  # empty
    masks[0, 1] = 0.0  # a logit of 0 is background
    masks[1, 0] = 1.0  # full
    found = first_boxes(paddle.to_tensor(masks)).numpy()
    sizes = set()
    for (image, query), _ in np.ndenumerate(masks[..., 0, 0]):
        inside = [(y, x) for y in range(6) for x in range(9) if masks[image, query, y, x] > 0]
        sizes.add(len(inside))
        if not inside:
            expected = [0.0] * 4
        else:
            rows, columns = [y for y, _ in inside], [x for _, x in inside]
            x1, x2 = min(columns) / 9, (max(columns) + 1) / 9
            y1, y2 = min(rows) / 6, (max(rows) + 1) / 6
            expected = [(x1 + x2) / 2, (y1 + y2) / 2, x2 - x1, y2 - y1]
        np.testing.assert_allclose(found[image, query], expected, atol=1e-6)
    assert {0, 1, 54} < sizes


def test_box_iou() -> None:
    boxes = paddle.to_tensor([[0.0, 0, 2, 2], [0, 0, 1, 1], [0, 0, 0, 0], [0, 0, 1, 2]])
    others = paddle.to_tensor([[1.0, 1, 3, 3], [5, 5, 6, 6], [0, 0, 0, 0], [0, 0, 1, 2]])
    np.testing.assert_allclose(box_iou(boxes, others).numpy(), [1 / 7, 0, 0, 1], atol=1e-6)
    assert box_iou(boxes.unsqueeze(1), others.unsqueeze(0)).shape == [4, 4]
