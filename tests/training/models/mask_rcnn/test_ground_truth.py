"""The batch's lists as one ground truth per image."""

from __future__ import annotations

import numpy as np
import paddle
from random_batches import random_batch

from instseg_train.models.mask_rcnn.ground_truth import ground_truth


def test_each_image_has_its_own_objects() -> None:
    inputs = random_batch([2, 0, 3], classes=5)
    truths = ground_truth(inputs)
    assert [len(truth) for truth in truths] == [2, 0, 3]
    for i, truth in enumerate(truths):
        np.testing.assert_array_equal(truth.boxes.numpy(), inputs["gt_bbox"][i].numpy())
        np.testing.assert_array_equal(truth.classes.numpy(), inputs["gt_class"][i].numpy())
        np.testing.assert_array_equal(truth.masks.numpy(), inputs["gt_segm"][i].numpy())
        assert truth.polygons is None


def test_outlines_and_columns_of_classes_are_taken_too() -> None:
    inputs = random_batch([1, 2], classes=5)
    outlines = [[[np.arange(6.0)]], [[np.arange(8.0)], [np.arange(10.0)]]]
    inputs["gt_poly"] = outlines
    inputs["is_crowd"] = [paddle.to_tensor([[0]]), paddle.to_tensor([[0], [1]])]
    inputs["gt_class"] = [classes.unsqueeze(1) for classes in inputs["gt_class"]]
    truths = ground_truth(inputs)
    assert [truth.polygons for truth in truths] == outlines
    assert [truth.crowd.tolist() for truth in truths] == [[0], [0, 1]]
    assert [truth.classes.shape for truth in truths] == [[1], [2]]
