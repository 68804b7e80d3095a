"""Detections against a sorted list of all pairs of query and class."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from models.mask_rtdetr.drawn_objects import drawn_prediction

from instseg_train.models.mask_rtdetr.postprocess import detections


@pytest.mark.parametrize("classes", [1, 4])
def test_equals_the_sorted_pairs(classes: int) -> None:
    random = np.random.default_rng(classes)
    prediction = drawn_prediction(random, 1, 9, classes, prototypes=5)
    prototypes = paddle.to_tensor(random.normal(size=[1, 5, 8, 6]).astype("float32"))
    # 49.6 x 40.3 pixels: the original size is rounded to the nearest.
    shape, factor = paddle.to_tensor([[20.0, 24.0]]), paddle.to_tensor([[0.403, 0.595]])
    found = detections(prediction, prototypes, shape, factor, top=7)
    rows, masks = found["bbox"].numpy(), found["mask"].numpy()
    assert (rows.shape, masks.shape) == ((7, 6), (7, 50, 40))
    assert (masks.dtype, found["bbox_num"].tolist()) == (np.int32, [7])
    logits = prediction.logits.numpy()[0]
    pairs = sorted(np.ndindex(logits.shape), key=lambda pair: -logits[pair])
    for row, mask, (query, label) in zip(rows, masks, pairs[:7], strict=True):
        assert row[0] == label
        assert row[1] == pytest.approx(1 / (1 + np.exp(-logits[query, label])), rel=1e-5)
        cx, cy, w, h = prediction.boxes.numpy()[0, query]
        expected = [(cx - w / 2) * 40, (cy - h / 2) * 50, (cx + w / 2) * 40, (cy + h / 2) * 50]
        np.testing.assert_allclose(row[2:], expected, rtol=1e-5, atol=1e-4)
        plane = np.tensordot(prediction.coefficients.numpy()[0, query], prototypes.numpy()[0], 1)
        large = F.interpolate(
            paddle.to_tensor(plane)[None, None], [50, 40], mode="bilinear", align_corners=False
        )
        decided = np.abs(large.numpy()[0, 0]) > 1e-5  # a pixel may be just on the border
        np.testing.assert_array_equal(mask[decided], (large.numpy()[0, 0] > 0)[decided])


def test_a_query_may_appear_with_several_classes_and_boxes_are_not_clipped() -> None:
    prediction = drawn_prediction(np.random.default_rng(0), 1, 3, 2, prototypes=2)
    prediction.logits[:] = -5.0
    prediction.logits[0, 1] = paddle.to_tensor([2.0, 3.0])
    prediction.boxes[0, 1] = paddle.to_tensor([0.1, 0.9, 0.6, 0.4])
    found = detections(
        prediction,
        paddle.ones([1, 2, 4, 4]),
        paddle.to_tensor([[10.0, 20.0]]),
        paddle.ones([1, 2]),
        2,
    )
    assert found["bbox"][:, 0].tolist() == [1.0, 0.0]
    np.testing.assert_allclose(found["bbox"][:, 2:].numpy(), [[-4, 7, 8, 11]] * 2, atol=1e-5)


def test_every_image_has_its_own_rows() -> None:
    random = np.random.default_rng(1)
    prediction = drawn_prediction(random, 2, 6, 3, prototypes=4)
    prototypes = paddle.to_tensor(random.normal(size=[2, 4, 5, 5]).astype("float32"))
    shape, factor = paddle.full([2, 2], 20.0), paddle.ones([2, 2])
    both = detections(prediction, prototypes, shape, factor, top=4)
    assert both["bbox_num"].tolist() == [4, 4]
    for image in range(2):
        own = slice(image, image + 1)
        one = detections(
            type(prediction)(*(x[own] for x in prediction)),
            prototypes[own],
            shape[own],
            factor[own],
            top=4,
        )
        rows = slice(4 * image, 4 * image + 4)
        np.testing.assert_allclose(both["bbox"][rows].numpy(), one["bbox"].numpy(), rtol=1e-6)
        np.testing.assert_array_equal(both["mask"][rows].numpy(), one["mask"].numpy())
