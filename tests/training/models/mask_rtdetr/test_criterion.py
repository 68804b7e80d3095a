"""The losses by name, put together again with loops over layers and matched queries."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
import paddle.nn.functional as F
import pytest
from models.mask_rtdetr import slow_losses as slow
from models.mask_rtdetr.drawn_objects import SamePoints, drawn_prediction, drawn_truth
from models.mask_rtdetr.slow_sampling import bilinear
from models.mask_rtdetr.test_losses import a_matching

from instseg_train.models.mask_rtdetr.criterion import PARTS, Criterion
from instseg_train.models.mask_rtdetr.ground_truth import GroundTruth
from instseg_train.models.mask_rtdetr.loss_weights import LossWeights
from instseg_train.models.mask_rtdetr.matching import Matching
from instseg_train.models.mask_rtdetr.prediction import Prediction, masks_of

Array = npt.NDArray[Any]
WEIGHTS = LossWeights(4.0, 5.0, 2.0, 5.0, 3.0)
QUERIES, CLASSES, POINTS, SIZE = 8, 4, 20, (6, 7)
DRAWS = SamePoints(3 * POINTS)


def slow_mask_iou(mask: Array, target: Array) -> float:
    """Of logits [h, w], enlarged twice, with a mask [4h, 4w], halved."""
    height, width = 2 * mask.shape[0], 2 * mask.shape[1]
    large = F.interpolate(
        paddle.to_tensor(mask)[None, None], [height, width], mode="bilinear", align_corners=False
    )
    small = target.reshape(height, 2, width, 2).mean((1, 3)) > 0.5
    inside = large.numpy()[0, 0] > 0
    return float(((inside & small).sum() + 1e-2) / ((inside | small).sum() + 1e-2))


def slow_parts(
    prediction: Prediction,
    matching: Matching,
    prototypes: paddle.Tensor,
    truth: GroundTruth,
    last: bool,
) -> list[float]:
    """Class, box, GIoU, mask and dice loss of one layer: the weighted sums per object."""
    masks = masks_of(prediction.coefficients, prototypes).numpy()
    queries = prediction.logits.shape[1]
    target: dict[tuple[int, ...], float] = {}
    sums = dict.fromkeys(PARTS, 0.0)
    points = DRAWS.list.tolist()
    for m, of_object in zip(matching.targets.tolist(), matching.queries.tolist(), strict=True):
        wanted = truth.masks[m].numpy().astype("float64")
        for place in of_object:
            image, query = divmod(place, queries)
            mask = masks[image, query]
            box, true_box = prediction.boxes[image, query].tolist(), truth.boxes[m].tolist()
            iou, giou = slow.iou_and_giou(box, true_box)
            quality = slow_mask_iou(mask, wanted) if last else iou
            target[image, query, int(truth.labels[m])] = quality
            sums["bbox"] += slow.distance(box, true_box)
            sums["giou"] += 1 - giou
            plane = mask.astype("float64")[None]
            logits = [bilinear(plane, *point)[0] for point in points]
            nearest = np.argsort(np.abs(logits), kind="stable")[: POINTS * 3 // 4]
            chosen = [points[i] for i in nearest] + points[: POINTS - len(nearest)]
            at_mask = np.array([bilinear(plane, *point)[0] for point in chosen])
            at_truth = np.array([bilinear(wanted[None], *point)[0] for point in chosen])
            sums["mask"] += slow.mask_entropy(at_mask, at_truth)
            sums["dice"] += slow.dice(at_mask, at_truth)
    sums["class"] = slow.varifocal(prediction.logits.numpy(), target)
    count = truth.total * matching.groups
    return [weight * sums[part] / count for part, weight in zip(PARTS, WEIGHTS, strict=True)]


def slow_losses(
    predictions: Sequence[Prediction],
    matchings: Sequence[Matching],
    prototypes: paddle.Tensor,
    truth: GroundTruth,
    ending: str,
) -> dict[str, float]:
    end = len(predictions) - 1
    layers = [
        slow_parts(item, matching, prototypes, truth, last=index == end)
        for index, (item, matching) in enumerate(zip(predictions, matchings, strict=True))
    ]
    found = {f"loss_{part}{ending}": layers[-1][i] for i, part in enumerate(PARTS)}
    for i, part in enumerate(PARTS):
        found[f"loss_{part}_aux{ending}"] = sum(layer[i] for layer in layers[:-1])
    return found


def a_batch(counts: list[int]) -> tuple[list[Prediction], list[Prediction], Any, GroundTruth]:
    """Predictions of three layers, of denoising queries, prototypes and ground truth."""
    random = np.random.default_rng(5)
    height, width = SIZE
    ordinary, denoised = (
        [drawn_prediction(random, 2, queries, CLASSES, prototypes=3) for _ in range(3)]
        for queries in (QUERIES, 6)
    )
    prototypes = paddle.to_tensor(random.normal(size=[2, 3, *SIZE]).astype("float32"))
    truth = drawn_truth(random, counts, CLASSES, (4 * height, 4 * width))
    return ordinary, denoised, prototypes, truth


def the_criterion() -> Criterion:
    return Criterion(WEIGHTS, points=POINTS)


@pytest.mark.parametrize("counts", [[3, 2], [0, 3]])
def test_equals_the_loops(counts: list[int]) -> None:
    ordinary, denoised, prototypes, truth = a_batch(counts)
    criterion = the_criterion()
    denoising = a_matching(counts, queries=6, groups=2)
    found = criterion(ordinary, denoised, denoising, prototypes, truth, DRAWS)
    matchings = criterion.matcher(ordinary, prototypes, truth, DRAWS)
    expected = slow_losses(ordinary, matchings, prototypes, truth, "")
    expected |= slow_losses(denoised, [denoising] * 3, prototypes, truth, "_dn")
    expected["loss"] = sum(expected.values())
    assert list(found) == list(expected)
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=1e-5), name


def test_more_objects_than_queries() -> None:
    """The losses of the objects that found a query, divided by the number of all."""
    ordinary, _, prototypes, truth = a_batch([QUERIES + 3, 1])
    criterion = the_criterion()
    found = criterion(ordinary, [], None, prototypes, truth, DRAWS)
    matchings = criterion.matcher(ordinary, prototypes, truth, DRAWS)
    assert matchings[0].counts == [QUERIES, 1]
    expected = slow_losses(ordinary, matchings, prototypes, truth, "")
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=1e-5), name


def test_without_objects_only_classes_are_learnt() -> None:
    ordinary, _, prototypes, truth = a_batch([0, 0])
    found = the_criterion()(ordinary, [], None, prototypes, truth, DRAWS)
    background = [4.0 * slow.focal_of_background(item.logits.numpy()) for item in ordinary]
    expected = {"loss_class": background[-1], "loss_class_aux": sum(background[:-1])}
    expected["loss"] = sum(background)
    for name, value in found.items():
        assert float(value) == pytest.approx(expected.get(name, 0.0), rel=1e-5), name
    assert len(found) == 21


def test_without_denoising_its_losses_are_zero() -> None:
    ordinary, _, prototypes, truth = a_batch([2, 1])
    found = the_criterion()(ordinary, [], None, prototypes, truth, DRAWS)
    assert [float(v) for name, v in found.items() if name.endswith("_dn")] == [0.0] * 10


def test_the_quality_that_classes_learn_is_no_path_for_gradients() -> None:
    ordinary, _, prototypes, truth = a_batch([2, 1])
    for item in ordinary:
        for tensor in item:
            tensor.stop_gradient = False
    prototypes.stop_gradient = False
    found = the_criterion()(ordinary, [], None, prototypes, truth, DRAWS)
    (found["loss_class"] + found["loss_class_aux"]).backward()
    for item in ordinary:
        assert item.logits.grad is not None
        assert item.boxes.grad is None
        assert item.coefficients.grad is None
    assert prototypes.grad is None
