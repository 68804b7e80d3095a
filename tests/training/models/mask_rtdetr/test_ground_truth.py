"""Joining the lists of a batch."""

from __future__ import annotations

import numpy as np
import paddle
from random_batches import random_batch

from instseg_train.models.mask_rtdetr.ground_truth import ground_truth


def test_boxes_become_fractions_and_images_follow_one_another() -> None:
    inputs = random_batch([2, 0, 3], classes=4)
    truth = ground_truth(inputs)
    assert (truth.counts, truth.total, truth.starts) == ([2, 0, 3], 5, [0, 2, 2])
    rows = [box for boxes in inputs["gt_bbox"] for box in boxes.tolist()]
    for (x1, y1, x2, y2), box in zip(rows, truth.boxes.tolist(), strict=True):
        expected = [(x1 + x2) / 2 / 96, (y1 + y2) / 2 / 64, (x2 - x1) / 96, (y2 - y1) / 64]
        np.testing.assert_allclose(box, expected, rtol=1e-5)
    assert truth.labels.tolist() == [c for ids in inputs["gt_class"] for c in ids.tolist()]
    masks = np.concatenate([mask.numpy() for mask in inputs["gt_segm"]])
    np.testing.assert_array_equal(truth.masks.numpy(), masks)
    assert (truth.labels.dtype, truth.masks.dtype) == (paddle.int64, paddle.float32)


def test_crowds_are_left_out() -> None:
    inputs = random_batch([3, 1], classes=4)
    everything = ground_truth(inputs)
    inputs["is_crowd"] = [paddle.to_tensor([0, 1, 0], "int32"), paddle.to_tensor([1], "int32")]
    truth = ground_truth(inputs)
    assert truth.counts == [2, 0]
    for ours, given in zip(
        (truth.boxes, truth.labels, truth.masks),
        (everything.boxes, everything.labels, everything.masks),
        strict=True,
    ):
        np.testing.assert_array_equal(ours.numpy(), given.numpy()[[0, 2]])
    del inputs["is_crowd"]
    assert ground_truth(inputs).counts == [3, 1]


def test_masks_of_half_the_size_take_the_majority_of_four_pixels() -> None:
    truth = ground_truth(random_batch([2, 1], classes=4))
    found = truth.masks_at(32, 48).numpy()
    quarters = truth.masks.numpy().reshape(3, 32, 2, 48, 2).sum((2, 4))
    np.testing.assert_array_equal(found, quarters > 2)
