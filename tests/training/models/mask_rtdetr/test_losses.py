"""Each term of the loss alone, with a fixed matching, against plain numbers."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from models.mask_rtdetr import slow_losses as slow
from models.mask_rtdetr.drawn_objects import drawn_boxes, drawn_prediction, drawn_truth
from models.mask_rtdetr.slow_sampling import bilinear

from instseg_train.models.mask_rtdetr.losses import (
    box_losses,
    box_quality,
    class_loss,
    focal_loss,
    mask_losses,
    mask_quality,
    matched_boxes,
    matched_masks,
    matched_truth,
    varifocal_loss,
)
from instseg_train.models.mask_rtdetr.matching import Matching

# float32 sums of up to some thousand terms against float64.
CLOSE = 1e-5


def a_matching(counts: list[int], queries: int, groups: int, seed: int = 3) -> Matching:
    """Any different queries for the objects of each image."""
    random = np.random.default_rng(seed)
    chosen = [
        image * queries + random.permutation(queries)[: count * groups].reshape(count, groups)
        for image, count in enumerate(counts)
    ]
    return Matching(
        queries=paddle.to_tensor(np.concatenate(chosen)).astype("int64"),
        targets=paddle.arange(sum(counts), dtype="int64"),
        counts=counts,
        groups=groups,
    )


def test_focal_loss() -> None:
    logits = np.random.default_rng(0).normal(0, 3, [2, 7, 5]).astype("float32")
    found = focal_loss(paddle.to_tensor(logits))
    assert float(found) == pytest.approx(slow.focal_of_background(logits), rel=CLOSE)


def test_varifocal_loss() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 3, [2, 7, 5]).astype("float32")
    positive = random.uniform(size=logits.shape) < 0.2
    target = (random.uniform(size=logits.shape) * positive).astype("float32")
    expected = slow.varifocal(
        logits, {tuple(i): float(target[tuple(i)]) for i in np.argwhere(positive).tolist()}
    )
    arrays = (paddle.to_tensor(x) for x in (logits, target, positive.astype("float32")))
    assert float(varifocal_loss(*arrays)) == pytest.approx(expected, rel=CLOSE)


@pytest.mark.parametrize("value", [-200.0, 200.0])
def test_class_losses_of_extreme_logits_are_finite(value: float) -> None:
    logits = paddle.full([1, 2, 1], value)
    positive = paddle.to_tensor([[[1.0], [0.0]]])
    for loss in (varifocal_loss(logits, 0.7 * positive, positive), focal_loss(logits)):
        assert np.isfinite(float(loss))


@pytest.mark.parametrize("groups", [1, 4])
@pytest.mark.parametrize("classes", [1, 6])
def test_class_loss_wants_the_quality_at_the_label_of_matched_queries(
    classes: int, groups: int
) -> None:
    random = np.random.default_rng(2)
    queries, counts = 15, [3, 0, 2]
    logits = random.normal(0, 2, [3, queries, classes]).astype("float32")
    labels = random.integers(0, classes, 5)
    quality = random.uniform(0, 1, [5, groups]).astype("float32")
    matching = a_matching(counts, queries, groups)
    target = {}
    for row, of_object in enumerate(matching.queries.tolist()):
        for group, query in enumerate(of_object):
            place = (query // queries, query % queries, int(labels[row]))
            target[place] = float(quality[row, group])
    found = class_loss(
        paddle.to_tensor(logits),
        paddle.to_tensor(labels).astype("int64"),
        paddle.to_tensor(quality),
        matching,
    )
    assert float(found) == pytest.approx(slow.varifocal(logits, target), rel=CLOSE)


@pytest.mark.parametrize("groups", [1, 4])
def test_box_losses_and_box_quality(groups: int) -> None:
    random = np.random.default_rng(4)
    boxes, targets = drawn_boxes(random, 6, groups), drawn_boxes(random, 6)
    pairs = [
        (box, target)
        for of_object, target in zip(boxes.tolist(), targets.tolist(), strict=True)
        for box in of_object
    ]
    l1, giou = box_losses(boxes, targets)
    assert float(l1) == pytest.approx(sum(slow.distance(*pair) for pair in pairs), rel=CLOSE)
    expected = sum(1 - slow.iou_and_giou(*pair)[1] for pair in pairs)
    assert float(giou) == pytest.approx(expected, rel=CLOSE)
    overlaps = np.array([slow.iou_and_giou(*pair)[0] for pair in pairs]).reshape(6, groups)
    np.testing.assert_allclose(box_quality(boxes, targets).numpy(), overlaps, rtol=CLOSE, atol=1e-6)


def test_mask_losses() -> None:
    random = np.random.default_rng(5)
    logits = random.normal(0, 3, [4, 200]).astype("float32")
    targets = random.uniform(0, 1, [4, 200]).astype("float32")
    targets[0], targets[1] = 0, 1
    entropy, dice = mask_losses(paddle.to_tensor(logits), paddle.to_tensor(targets))
    rows = list(zip(logits, targets, strict=True))
    assert float(entropy) == pytest.approx(sum(slow.mask_entropy(*r) for r in rows), rel=CLOSE)
    assert float(dice) == pytest.approx(sum(slow.dice(*row) for row in rows), rel=CLOSE)


@pytest.mark.parametrize("groups", [1, 3])
def test_mask_quality_is_the_iou_at_twice_the_masks_size(groups: int) -> None:
    random = np.random.default_rng(6)
    masks = random.normal(0, 1, [2 * groups, 5, 7]).astype("float32")
    masks[0] = -1  # nothing predicted
    targets = (random.uniform(size=[2, 10, 14]) < 0.4).astype("float32")
    found = mask_quality(paddle.to_tensor(masks), paddle.to_tensor(targets), groups).numpy()
    assert found.shape == (2, groups)
    for row, mask in enumerate(masks.astype("float64")):
        target = targets[row // groups]
        overlap, union = 1e-2, 1e-2
        for i in range(10):
            for j in range(14):
                # Linear resizing repeats the border where sampling fades out: clip to the centres.
                x = min(max((j + 0.5) / 14, 0.5 / 7), 1 - 0.5 / 7)
                y = min(max((i + 0.5) / 10, 0.5 / 5), 1 - 0.5 / 5)
                inside = bilinear(mask[None], x, y)[0] > 0
                overlap += inside and target[i, j] == 1
                union += inside or target[i, j] == 1
        assert found[row // groups, row % groups] == pytest.approx(overlap / union, rel=CLOSE)


@pytest.mark.parametrize("counts", [[2, 3], [0, 2], [4, 0]])
@pytest.mark.parametrize("groups", [1, 2])
def test_matched_boxes_and_masks(counts: list[int], groups: int) -> None:
    random = np.random.default_rng(7)
    queries = 9
    prediction = drawn_prediction(random, 2, queries, 3, prototypes=4)
    prototypes = paddle.to_tensor(random.normal(size=[2, 4, 5, 6]).astype("float32"))
    matching = a_matching(counts, queries, groups)
    boxes = matched_boxes(prediction, matching).numpy()
    masks = matched_masks(prediction, prototypes, matching).numpy()
    assert boxes.shape == (sum(counts), groups, 4)
    assert masks.shape == (sum(counts) * groups, 5, 6)
    for row, of_object in enumerate(matching.queries.tolist()):
        for group, place in enumerate(of_object):
            image, query = divmod(place, queries)
            np.testing.assert_array_equal(boxes[row, group], prediction.boxes[image, query])
            weights = prediction.coefficients.numpy()[image, query].astype("float64")
            expected = np.tensordot(weights, prototypes.numpy()[image].astype("float64"), 1)
            np.testing.assert_allclose(masks[row * groups + group], expected, atol=1e-5)


def test_matched_truth_leaves_out_what_found_no_query() -> None:
    truth = drawn_truth(np.random.default_rng(8), [3, 1], 5, (8, 8))
    some = Matching(paddle.to_tensor([[0], [1], [4]]), paddle.to_tensor([0, 2, 3]), [2, 1], 1)
    found = matched_truth(truth, some)
    assert found.counts == [2, 1]
    for ours, given in (
        (found.boxes, truth.boxes),
        (found.labels, truth.labels),
        (found.masks, truth.masks),
    ):
        np.testing.assert_array_equal(ours.numpy(), given.numpy()[[0, 2, 3]])
    everything = Matching(paddle.zeros([4, 1], "int64"), paddle.arange(4), [3, 1], 1)
    assert matched_truth(truth, everything) is truth
