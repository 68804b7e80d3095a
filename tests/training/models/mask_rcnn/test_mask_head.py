"""The mask branch and its loss, against loops over examples."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array
from models.mask_rcnn.truths import NO_OBJECTS, truth_of

from instseg_train.models.mask_rcnn.box_examples import BoxExamples
from instseg_train.models.mask_rcnn.mask_head import MaskFeatures, MaskHead
from instseg_train.models.mask_rcnn.mask_targets import mask_targets
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling, box_counts

CLASSES = 3
SIZE = (64, 64)


def small_head(*, shares_box_features: bool = False) -> MaskHead:
    paddle.seed(0)
    features = MaskFeatures(4, 8, num_convs=0 if shares_box_features else 2)
    pooling = RoIPooling(3, (8,))
    return MaskHead(features, pooling, CLASSES, shares_box_features=shares_box_features)


def examples(classes: list[int], objects: list[int], seed: int) -> BoxExamples:
    random = np.random.default_rng(seed)
    corner = random.uniform(0, 30, [len(classes), 2])
    boxes = np.concatenate([corner, corner + random.uniform(8, 30, [len(classes), 2])], 1)
    tensor = paddle.to_tensor(boxes.astype(np.float32))
    return BoxExamples(tensor, paddle.to_tensor(classes), paddle.to_tensor(objects), tensor)


def batch() -> dict[str, Any]:
    """Three images: two objects, none, one; the second has background examples alone."""
    random = np.random.default_rng(5)
    truths = [
        truth_of(
            np.tile(NO_OBJECTS.sum(0), [count, 1]),
            masks=(random.uniform(size=[count, *SIZE]) < 0.5).astype(np.uint8),
        )
        for count in (2, 0, 1)
    ]
    return {
        "maps": [paddle.to_tensor(random.normal(size=[3, 4, 8, 8]).astype(np.float32))],
        "examples": [
            examples([2, 0, 3, 3], [1, 0, 0, 1], 0),
            examples([3, 3, 3], [0, 0, 0], 1),
            examples([3, 1, 3], [0, 0, 0], 2),
        ],
        "truths": truths,
    }


def slow_loss(logits: Array, classes: list[int], targets: Array, images_without: int) -> float:
    """Mean over pixels of all foreground examples; each image without one adds an empty one."""
    total = 0.0
    for planes, class_id, target in zip(logits, classes, targets, strict=True):
        for x, wanted in zip(planes[class_id].ravel(), target.ravel(), strict=True):
            total += math.log1p(math.exp(x)) - x * wanted
    return total / ((len(classes) + images_without) * logits[0, 0].size)


@pytest.mark.parametrize("shares_box_features", [False, True])
def test_loss_equals_the_loops(shares_box_features: bool) -> None:
    head, inputs = small_head(shares_box_features=shares_box_features), batch()
    random = np.random.default_rng(6)
    box_features = paddle.to_tensor(random.normal(size=[10, 4, 3, 3]).astype(np.float32))
    found = head.loss(inputs["maps"], inputs["examples"], box_features, inputs["truths"], CLASSES)
    # Rows of all ten examples that are foreground: 0 and 1 of image 0, 1 of image 2.
    if shares_box_features:
        features = box_features.gather(paddle.to_tensor([0, 1, 8]))
    else:
        boxes = [image.boxes for image in inputs["examples"]]
        pooled = head.pooling(inputs["maps"], boxes, box_counts(boxes))
        features = pooled.gather(paddle.to_tensor([0, 1, 8]))
    logits = head.mask_fcn_logits(head.head(features)).numpy().astype(np.float64)
    first, _, last = inputs["examples"]
    targets = [
        mask_targets(first.boxes[:2], first.objects[:2], inputs["truths"][0], 6).numpy(),
        mask_targets(last.boxes[1:2], last.objects[1:2], inputs["truths"][2], 6).numpy(),
    ]
    expected = slow_loss(logits, [2, 0, 1], np.concatenate(targets), images_without=1)
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_rows_of_the_first_image_repeat_what_official_models_learnt_from() -> None:
    head, inputs = small_head(shares_box_features=True), batch()
    box_features = paddle.arange(10, dtype="float32").reshape([10, 1, 1, 1]).expand([10, 4, 3, 3])
    taken: list[Array] = []
    head.head.register_forward_pre_hook(lambda _, args: taken.append(args[0][:, 0, 0, 0].tolist()))
    for head.rows_of_first_image in (False, True):
        head.loss(inputs["maps"], inputs["examples"], box_features, inputs["truths"], CLASSES)
    assert taken == [[0, 1, 4, 8], [0, 1, 0, 1]]


def test_without_foreground_the_loss_is_0_and_teaches_nothing() -> None:
    head, inputs = small_head(), batch()
    background = [examples([3, 3], [0, 0], seed) for seed in range(3)]
    loss = head.loss(
        inputs["maps"], background, paddle.zeros([6, 4, 3, 3]), inputs["truths"], CLASSES
    )
    loss.backward()
    assert float(loss) == 0
    assert not any(parameter.grad.numpy().any() for parameter in head.parameters())


def test_forward_gives_the_probabilities_of_each_boxs_class() -> None:
    head = small_head()
    features = paddle.to_tensor(
        np.random.default_rng(0).normal(size=[5, 4, 3, 3]).astype("float32")
    )
    classes = [2, 0, 1, 1, 2]
    logits = head.mask_fcn_logits(head.head(features)).numpy()
    expected = [1 / (1 + np.exp(-planes[k])) for planes, k in zip(logits, classes, strict=True)]
    found = head(features, paddle.to_tensor(classes))
    assert found.shape == [5, 6, 6]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5)
