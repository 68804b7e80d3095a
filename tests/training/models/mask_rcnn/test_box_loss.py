"""Losses of a box stage, against loops over examples."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_deltas

from instseg_train.models.mask_rcnn.box_examples import BoxExamples
from instseg_train.models.mask_rcnn.box_loss import box_losses

FACTORS = (10.0, 10.0, 5.0, 5.0)
CLASSES = 4


def slow_losses(
    logits: Array, deltas: Array, boxes: Array, classes: Array, targets: Array
) -> tuple[float, float]:
    score_loss = delta_loss = 0.0
    for row, moves, box, class_id, target in zip(
        logits.astype(np.float64), deltas, boxes, classes, targets, strict=True
    ):
        score_loss += math.log(np.exp(row).sum()) - row[class_id]
        if class_id < CLASSES:
            own = moves if len(moves) == 4 else moves[4 * class_id : 4 * class_id + 4]
            delta_loss += np.abs(own - slow_deltas(box, target, FACTORS)).sum()
    return score_loss / len(boxes), delta_loss / len(boxes)


@pytest.mark.parametrize("per_class", [True, False])
def test_equals_the_loops(per_class: bool) -> None:
    random = np.random.default_rng(0)
    counts = [12, 7]
    total = sum(counts)
    boxes, targets = (random_boxes(random, total, (60, 90), (5, 50)) for _ in range(2))
    classes = random.integers(0, CLASSES + 1, total)
    logits = random.normal(size=[total, CLASSES + 1]).astype(np.float32)
    deltas = random.normal(size=[total, 4 * CLASSES if per_class else 4]).astype(np.float32)
    examples = [
        BoxExamples(
            paddle.to_tensor(boxes[part]),
            paddle.to_tensor(classes[part]),
            paddle.zeros([len(boxes[part])], "int64"),
            paddle.to_tensor(targets[part]),
        )
        for part in (slice(0, counts[0]), slice(counts[0], total))
    ]
    found = box_losses(paddle.to_tensor(logits), paddle.to_tensor(deltas), examples, FACTORS)
    expected = slow_losses(logits, deltas, boxes, classes, targets)
    np.testing.assert_allclose([float(value) for value in found], expected, rtol=1e-5)


def test_background_alone_teaches_no_deltas() -> None:
    deltas = paddle.ones([3, 4 * CLASSES])
    deltas.stop_gradient = False
    background = paddle.full([3], CLASSES, "int64")
    zeros = paddle.zeros([3, 4])
    examples = [BoxExamples(zeros, background, paddle.zeros([3], "int64"), zeros)]
    score_loss, delta_loss = box_losses(paddle.zeros([3, CLASSES + 1]), deltas, examples, FACTORS)
    (score_loss + delta_loss).backward()
    assert float(score_loss) == pytest.approx(math.log(CLASSES + 1))
    assert float(delta_loss) == 0
    assert not deltas.grad.numpy().any()
