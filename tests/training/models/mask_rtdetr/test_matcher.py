"""Costs of matching against plain numbers, and the assignment against SciPy on those."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import paddle
import pytest
from models.mask_rtdetr import slow_losses as slow
from models.mask_rtdetr.drawn_objects import SamePoints, drawn_prediction, drawn_truth
from models.mask_rtdetr.slow_sampling import bilinear
from scipy.optimize import linear_sum_assignment

from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.loss_weights import LossWeights
from instseg_train.models.mask_rtdetr.matcher import (
    HungarianMatcher,
    box_costs,
    class_costs,
    mask_costs,
)
from instseg_train.models.mask_rtdetr.prediction import Prediction, masks_of
from instseg_train.models.mask_rtdetr.randomness import Randomness

Array = npt.NDArray[np.float64]
QUERIES, CLASSES, POINTS = 7, 5, 40


def slow_costs(
    prediction: Prediction,
    prototypes: paddle.Tensor,
    truth: GroundTruth,
    points: list[list[float]],
    weights: LossWeights,
) -> list[Array]:
    """[Q, n] of each image."""
    masks = masks_of(prediction.coefficients, prototypes).numpy().astype("float64")
    labels, boxes = truth.labels.tolist(), truth.boxes.tolist()
    planes = truth.masks.numpy().astype("float64")
    found, first = [], 0
    for image, count in enumerate(truth.counts):
        costs = np.zeros([QUERIES, count])
        for q in range(QUERIES):
            logits = np.array([bilinear(masks[image, q][None], x, y)[0] for x, y in points])
            for n in range(count):
                m = first + n
                targets = np.array([bilinear(planes[m][None], x, y)[0] for x, y in points])
                box = prediction.boxes[image, q].tolist()
                costs[q, n] = (
                    weights.class_ * slow.class_cost(float(prediction.logits[image, q, labels[m]]))
                    + weights.bbox * slow.distance(box, boxes[m])
                    - weights.giou * slow.iou_and_giou(box, boxes[m])[1]
                    + weights.mask * slow.mask_entropy(logits, targets)
                    + weights.dice * slow.dice(logits, targets)
                )
        found.append(costs)
        first += count
    return found


@pytest.mark.parametrize("counts", [[3, 2], [0, 4], [9, 1]])
def test_costs_and_assignment(counts: list[int]) -> None:
    """Nine objects are more than the queries: two of them find none."""
    random = np.random.default_rng(sum(counts))
    predictions = [drawn_prediction(random, 2, QUERIES, CLASSES, prototypes=4) for _ in range(2)]
    prototypes = paddle.to_tensor(random.normal(size=[2, 4, 8, 10]).astype("float32"))
    truth = drawn_truth(random, counts, CLASSES, (16, 20))
    randomness = SamePoints(POINTS)
    weights = LossWeights(4.0, 5.0, 2.0, 5.0, 3.0)
    matcher = HungarianMatcher(weights, POINTS)
    matchings = matcher(predictions, prototypes, truth, randomness)
    for prediction, matching in zip(predictions, matchings, strict=True):
        costs = matcher._costs(prediction, prototypes, truth, randomness)
        expected = slow_costs(prediction, prototypes, truth, randomness.list.tolist(), weights)
        queries, targets, first = [], [], 0
        for image, (ours, theirs) in enumerate(zip(costs, expected, strict=True)):
            np.testing.assert_allclose(ours.numpy(), theirs, rtol=1e-5, atol=1e-5)
            pairs = sorted(zip(*linear_sum_assignment(theirs), strict=True), key=lambda p: p[1])
            queries += [[image * QUERIES + int(query)] for query, _ in pairs]
            targets += [first + int(target) for _, target in pairs]
            first += theirs.shape[1]
        assert matching.queries.tolist() == queries
        assert matching.targets.tolist() == targets
        assert matching.counts == [min(count, QUERIES) for count in counts]
        assert matching.groups == 1


def test_class_costs() -> None:
    random = np.random.default_rng(1)
    logits = random.normal(0, 4, [6, 3]).astype("float32")
    labels = np.array([2, 0, 2, 1])
    found = class_costs(paddle.to_tensor(logits), paddle.to_tensor(labels)).numpy()
    expected = [[slow.class_cost(float(row[label])) for label in labels] for row in logits]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_box_costs() -> None:
    random = np.random.default_rng(2)
    boxes = drawn_prediction(random, 1, 6, 1, 1).boxes[0]
    targets = drawn_prediction(random, 1, 4, 1, 1).boxes[0]
    found = [cost.numpy() for cost in box_costs(boxes, targets)]
    pairs = [[(box, target) for target in targets.tolist()] for box in boxes.tolist()]
    expected = [
        [[slow.distance(*pair) for pair in row] for row in pairs],
        [[-slow.iou_and_giou(*pair)[1] for pair in row] for row in pairs],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_mask_costs() -> None:
    random = np.random.default_rng(3)
    logits = random.normal(0, 3, [5, 60]).astype("float32")
    targets = random.uniform(0, 1, [4, 60]).astype("float32")
    targets[0], targets[1] = 0, 1
    found = [cost.numpy() for cost in mask_costs(*map(paddle.to_tensor, (logits, targets)))]
    expected = [
        [[slow.mask_entropy(x, t) for t in targets] for x in logits],
        [[slow.dice(x, t) for t in targets] for x in logits],
    ]
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_diverged_predictions_are_an_error_that_says_so() -> None:
    random = np.random.default_rng(4)
    prediction = drawn_prediction(random, 1, QUERIES, CLASSES, prototypes=4)
    prediction.logits[0, 3, 1] = float("nan")
    truth = drawn_truth(random, [2], CLASSES, (16, 20))
    truth.labels[:] = 1
    matcher = HungarianMatcher(LossWeights(), POINTS)
    with pytest.raises(FloatingPointError, match="diverged"):
        matcher([prediction], paddle.ones([1, 4, 8, 10]), truth, Randomness())
