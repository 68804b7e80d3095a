"""From the box head's outputs to detections, against loops over boxes and classes."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_clipped, slow_moved, slow_nms

from instseg_train.models.mask_rcnn.detections import (
    PLACEHOLDER,
    DetectionLimits,
    detect,
    in_original_pixels,
)

FACTORS = (10.0, 10.0, 5.0, 5.0)
SIZES = [(60.0, 90.0), (50.0, 70.0)]
CLASSES = 3


def slow_detect(
    deltas: Array, scores: Array, boxes: Array, size: tuple[float, float], limits: DetectionLimits
) -> list[list[float]]:
    """Rows class, score, box: by class and place of the box."""
    rows: list[tuple[int, int, float, list[float]]] = []
    for k in range(CLASSES):
        likely = [r for r in range(len(boxes)) if scores[r, k] > limits.score_threshold]
        column = 0 if deltas.shape[1] == 4 else 4 * k
        moved = [
            slow_clipped(slow_moved(boxes[r], deltas[r, column : column + 4], FACTORS), *size)
            for r in likely
        ]
        own = [float(scores[r, k]) for r in likely]
        rows += [
            (k, likely[i], own[i], moved[i]) for i in slow_nms(moved, own, limits.iou_threshold)
        ]
    best = sorted(rows, key=lambda row: -row[2])[: limits.most]
    return [[k, score, *box] for k, _, score, box in sorted(best)]


def outputs(seed: int, count: int, per_class: bool) -> tuple[Array, Array, Array]:
    """Deltas, probabilities and boxes of one image."""
    random = np.random.default_rng(seed)
    deltas = random.normal(0, 1.5, [count, 4 * CLASSES if per_class else 4]).astype(np.float32)
    logits = random.normal(0, 2, [count, CLASSES + 1])
    probabilities = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    boxes = random_boxes(random, count, (30, 40), (10, 50))
    return deltas, probabilities.astype(np.float32), boxes


@pytest.mark.parametrize("per_class", [True, False])
@pytest.mark.parametrize(
    "limits", [DetectionLimits(), DetectionLimits(0.2, 0.3, 100), DetectionLimits(0.05, 0.7, 9)]
)
def test_two_images_equal_the_loops(per_class: bool, limits: DetectionLimits) -> None:
    parts = [outputs(seed, count, per_class) for seed, count in enumerate((40, 25))]
    found = detect(
        paddle.to_tensor(np.concatenate([deltas for deltas, _, _ in parts])),
        paddle.to_tensor(np.concatenate([scores for _, scores, _ in parts])),
        [paddle.to_tensor(boxes) for _, _, boxes in parts],
        paddle.to_tensor(SIZES),
        FACTORS,
        limits,
    )
    for rows, (deltas, scores, boxes), size in zip(found, parts, SIZES, strict=True):
        expected = slow_detect(deltas, scores, boxes, size, limits)
        assert rows.shape == [len(expected), 6]
        np.testing.assert_allclose(rows.numpy(), expected, rtol=1e-5, atol=1e-3)


def test_a_placeholder_where_an_image_has_nothing() -> None:
    nothing = paddle.to_tensor([[0.0, 0.0, 0.0, 1.0]] * 2)
    something = paddle.to_tensor([[0.0, 0.9, 0.0, 0.1]])
    boxes = [paddle.to_tensor([[1.0, 2, 30, 40]] * count) for count in (2, 1)]
    probabilities = paddle.concat([nothing, something])
    shape = paddle.to_tensor(SIZES)
    found = detect(paddle.zeros([3, 4]), probabilities, boxes, shape, FACTORS, DetectionLimits())
    assert found[0].tolist() == [list(PLACEHOLDER)]
    np.testing.assert_allclose(found[1].numpy(), [[1, 0.9, 1, 2, 30, 40]], rtol=1e-6)


def test_rows_in_pixels_of_the_original_image() -> None:
    rows = [[2, 0.9, 4, 6, 40, 60], [0, 0.8, 170, 6, 220, 60], [1, 0.7, 30, 80, 40, 90]]
    found = in_original_pixels(
        paddle.to_tensor(rows, "float32"),
        paddle.to_tensor([2.0, 4.0]),
        paddle.to_tensor([40.0, 50.0]),
    )
    # y by 2, x by 4; cut at the right edge; nothing is left of the box below the lower edge.
    expected = [[2, 0.9, 1, 3, 10, 30], [0, 0.8, 42.5, 3, 50, 30], [-1, 0.7, 7.5, 40, 10, 40]]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-6)
