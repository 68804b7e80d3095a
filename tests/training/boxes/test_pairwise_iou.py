"""Overlaps, against one pair at a time."""

from __future__ import annotations

import numpy as np
import paddle
from models.mask_rcnn.slow_boxes import random_boxes, slow_iou

from instseg_train.boxes.pairwise_iou import pairwise_iou


def test_equals_one_pair_at_a_time() -> None:
    random = np.random.default_rng(0)
    first = random_boxes(random, 9, (60, 90), (5, 60))
    second = random_boxes(random, 14, (60, 90), (5, 60))
    found = pairwise_iou(paddle.to_tensor(first), paddle.to_tensor(second)).numpy()
    expected = [[slow_iou(a, b) for b in second] for a in first]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-7)
    assert (found == 0).any()
    assert (found > 0.3).any()


def test_an_empty_box_overlaps_nothing_not_even_itself() -> None:
    empty = paddle.to_tensor([[3.0, 3, 3, 3]])
    assert pairwise_iou(empty, paddle.to_tensor([[3.0, 3, 3, 3], [0, 0, 9, 9]])).tolist() == [
        [0, 0]
    ]


def test_no_boxes() -> None:
    assert pairwise_iou(paddle.zeros([0, 4]), paddle.zeros([3, 4])).shape == [0, 3]
