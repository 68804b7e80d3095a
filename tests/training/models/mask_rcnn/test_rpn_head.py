"""Losses of the region proposal network, against loops over anchors."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_deltas, slow_iou
from models.mask_rcnn.truths import NO_OBJECTS, truth_of

from instseg_train.models.mask_rcnn.anchors import AnchorGrid
from instseg_train.models.mask_rcnn.proposals import ProposalLimits
from instseg_train.models.mask_rcnn.rpn_head import RPNHead
from instseg_train.models.mask_rcnn.sampling import FirstSampler

SIZE = (64, 96)
TRAINING = ProposalLimits(before_nms=500, after_nms=400, per_image=90)
EVALUATION = ProposalLimits(before_nms=100, after_nms=50, per_image=20)


def head(samples: int = 32) -> RPNHead:
    paddle.seed(0)
    grid = AnchorGrid([[12.0], [24.0]], (8, 16))
    return RPNHead(6, grid, TRAINING, EVALUATION, samples_per_image=samples)


def features() -> list[paddle.Tensor]:
    random = np.random.default_rng(0)
    return [
        paddle.to_tensor(random.normal(0, 3, [3, 6, SIZE[0] // s, SIZE[1] // s]).astype("float32"))
        for s in (8, 16)
    ]


def flat(maps: list[paddle.Tensor], image: int, values: int) -> Array:
    """[N, A * values, H, W] of each level -> [levels * H * W * A, values] of one image."""
    found = []
    for level in maps:
        plane = level[image].numpy()
        for y in range(plane.shape[1]):
            for x in range(plane.shape[2]):
                found += list(plane[:, y, x].reshape(-1, values))
    return np.array(found)


def slow_losses(
    logits: Array, deltas: Array, anchors: Array, objects: Array, samples: int
) -> Array:
    """Sums over one image's examples, of which half may be foreground."""
    best = [max((slow_iou(a, b) for b in objects), default=0.0) for a in anchors]
    most = [max(slow_iou(a, b) for a in anchors) for b in objects]
    foreground, background = [], []
    for i, anchor in enumerate(anchors):
        overlaps = [slow_iou(anchor, target) for target in objects]
        if best[i] >= 0.7 or any(0 < o == m for o, m in zip(overlaps, most, strict=True)):
            foreground.append(i)
        elif best[i] < 0.3:
            background.append(i)
    foreground = foreground[: samples // 2]
    background = background[: samples - len(foreground)]
    score = sum(math.log1p(math.exp(-logits[i, 0])) for i in foreground)
    score += sum(math.log1p(math.exp(logits[i, 0])) for i in background)
    delta = 0.0
    for i in foreground:
        target = objects[int(np.argmax([slow_iou(anchors[i], b) for b in objects]))]
        delta += np.abs(deltas[i] - slow_deltas(anchors[i], target)).sum()
    return np.array([score, delta])


@pytest.mark.parametrize("samples", [4, 32, 1000])
def test_losses_equal_the_loops_also_where_an_image_has_no_object(samples: int) -> None:
    random = np.random.default_rng(1)
    objects = [
        random_boxes(random, 3, SIZE, (8, 40)),
        NO_OBJECTS,
        random_boxes(random, 1, SIZE, (20, 30)),
    ]
    rpn, maps = head(samples), features()
    shape = paddle.to_tensor([[64.0, 96.0]] * 3)
    _, losses = rpn.losses(maps, shape, [truth_of(boxes) for boxes in objects], FirstSampler())
    logits, deltas, _ = rpn._maps(maps)
    anchors = paddle.concat(rpn.anchors(maps)).numpy()
    expected = sum(
        slow_losses(flat(logits, i, 1), flat(deltas, i, 4), anchors, boxes, samples)
        for i, boxes in enumerate(objects)
    ) / (3 * samples)
    found = [float(losses["loss_rpn_cls"]), float(losses["loss_rpn_reg"])]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_without_any_object_only_the_scores_learn() -> None:
    rpn = head()
    truths = [truth_of(NO_OBJECTS) for _ in range(3)]
    _, losses = rpn.losses(features(), paddle.full([3, 2], 64.0), truths, FirstSampler())
    (losses["loss_rpn_cls"] + losses["loss_rpn_reg"]).backward()
    assert float(losses["loss_rpn_reg"]) == 0 < float(losses["loss_rpn_cls"])
    assert rpn.rpn_rois_score.weight.grad.numpy().any()
    assert not rpn.rpn_rois_delta.weight.grad.numpy().any()


@pytest.mark.parametrize("training", [True, False])
def test_proposals_of_a_batch_are_those_of_each_image_alone(training: bool) -> None:
    rpn, maps = head(), features()
    shape = paddle.to_tensor([[64.0, 96.0], [64.0, 48.0], [32.0, 96.0]])

    def proposals(images: slice) -> list[paddle.Tensor]:
        parts, size = [level[images] for level in maps], shape[images]
        if training:
            truths = [truth_of(NO_OBJECTS)] * len(size)
            return rpn.losses(parts, size, truths, FirstSampler())[0]
        boxes, counts = rpn(parts, size)
        assert counts.tolist() == [len(image) for image in boxes]
        return boxes

    together = proposals(slice(None))
    most = (TRAINING if training else EVALUATION).per_image
    assert [len(image) for image in together] == [most] * 3
    for i, (image, (height, width)) in enumerate(zip(together, shape.tolist(), strict=True)):
        [alone] = proposals(slice(i, i + 1))
        np.testing.assert_array_equal(image.numpy(), alone.numpy())
        assert image.stop_gradient  # the boxes teach nothing
        assert (image.numpy() >= 0).all()
        assert (image.numpy() <= [width, height, width, height]).all()
