"""The box branch, against NumPy's products and loops over boxes."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes
from models.mask_rcnn.truths import truth_of

from instseg_train.backbones.resnet import Stage
from instseg_train.models.mask_rcnn.box_examples import BoxSampling
from instseg_train.models.mask_rcnn.box_head import BoxHead, Res5Head, TwoLayerHead
from instseg_train.models.mask_rcnn.box_loss import box_losses
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling, box_counts
from instseg_train.models.mask_rcnn.sampling import FirstSampler

CLASSES = 3
SIZE = (64, 96)


def maps() -> list[paddle.Tensor]:
    random = np.random.default_rng(0)
    return [paddle.to_tensor(random.normal(size=[2, 8, 8, 12]).astype(np.float32))]


def boxes() -> list[paddle.Tensor]:
    random = np.random.default_rng(1)
    return [paddle.to_tensor(random_boxes(random, count, SIZE, (8, 40))) for count in (5, 3)]


def small_head(kind: str) -> BoxHead:
    paddle.seed(0)
    head = TwoLayerHead(8, 4, 16) if kind == "layers" else Res5Head(Stage(5, 8, 4, blocks=1))
    return BoxHead(head, RoIPooling(4, (8,)), CLASSES)


def array(tensor: paddle.Tensor) -> Array:
    values: Array = tensor.numpy().astype(np.float64)
    return values


def product(x: Array, layer: paddle.nn.Linear) -> Array:
    found: Array = x @ array(layer.weight) + array(layer.bias)
    return found


def test_two_layers_equal_their_products() -> None:
    head = small_head("layers").head
    x = paddle.to_tensor(np.random.default_rng(2).normal(size=[5, 8, 4, 4]).astype(np.float32))
    hidden = np.maximum(product(array(x).reshape(5, -1), head.fc6), 0)
    expected = np.maximum(product(hidden, head.fc7), 0)
    np.testing.assert_allclose(head(x).numpy(), expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("kind", ["layers", "res5"])
def test_scores_and_deltas_of_each_box(kind: str) -> None:
    branch, rois = small_head(kind), boxes()
    (deltas, probabilities), moved = branch(
        maps(), rois, box_counts(rois), paddle.to_tensor([[64.0, 96.0]] * 2)
    )
    features = array(branch.head(branch.pooling(maps(), rois, box_counts(rois))))
    if kind == "res5":
        assert features.shape == (8, 16, 2, 2)
        features = features.mean((2, 3))
    logits = product(features, branch.bbox_score)
    expected = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    np.testing.assert_allclose(probabilities.numpy(), expected, rtol=1e-4)
    assert probabilities.shape == [8, CLASSES + 1]
    wanted = product(features, branch.bbox_delta)
    assert deltas.shape == [8, 4 * CLASSES]
    np.testing.assert_allclose(deltas.numpy(), wanted, rtol=1e-3, atol=1e-6)
    assert all(a is b for a, b in zip(moved, rois, strict=True))


@pytest.mark.parametrize("kind", ["layers", "res5"])
def test_losses_are_those_of_the_sampled_boxes(kind: str) -> None:
    branch, rois = small_head(kind), boxes()
    branch.sampling = BoxSampling(6)
    truths = [truth_of(rois[0].numpy()[1:3] + np.float32(1), [2, 0]), truth_of(rois[1].numpy()[:1])]
    losses, examples, features = branch.losses(
        maps(), rois, paddle.to_tensor([[64.0, 96.0]] * 2), truths, FirstSampler()
    )
    # One of six may be foreground; background of 7 and 4 candidates are 3 and 2.
    assert [image.classes.tolist() for image in examples] == [[2, 3, 3, 3], [0, 3, 3]]
    sampled = [image.boxes for image in examples]
    pooled = branch.pooling(maps(), sampled, box_counts(sampled))
    np.testing.assert_allclose(features.numpy(), branch.head(pooled).numpy(), rtol=1e-5)
    flat = features if kind == "layers" else features.mean([2, 3])
    expected = box_losses(
        branch.bbox_score(flat), branch.bbox_delta(flat), examples, (10.0, 10.0, 5.0, 5.0)
    )
    found = (losses["loss_bbox_cls"], losses["loss_bbox_reg"])
    np.testing.assert_allclose([float(x) for x in found], [float(x) for x in expected], rtol=1e-5)
