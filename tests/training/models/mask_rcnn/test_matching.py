"""Which object a box belongs to, against loops over boxes and objects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_iou
from models.mask_rcnn.truths import NO_OBJECTS, truth_of

from instseg_train.models.mask_rcnn.matching import match


def slow_match(
    boxes: Array,
    objects: Array,
    crowd: Sequence[int],
    foreground: float,
    background: float,
    keep_best: bool,
) -> tuple[list[int], list[int]]:
    """Label and object of each box."""
    single = [j for j in range(len(objects)) if not crowd[j]]
    best_of = {j: max(slow_iou(box, objects[j]) for box in boxes) for j in single}
    labels, matched = [], []
    for box in boxes:
        iou = {j: slow_iou(box, objects[j]) for j in single}
        best = max(iou.values(), default=0.0)
        label = 1 if best >= foreground else 0 if best < background else -1
        if keep_best and any(0 < iou[j] == best_of[j] for j in single):
            label = 1
        labels.append(label)
        matched.append(next((j for j in single if iou[j] == best), 0))
    return labels, matched


@pytest.mark.parametrize("keep_best", [False, True])
@pytest.mark.parametrize(("foreground", "background"), [(0.5, 0.5), (0.6, 0.2)])
def test_equals_the_loops(keep_best: bool, foreground: float, background: float) -> None:
    for seed in range(5):
        random = np.random.default_rng(seed)
        boxes = random_boxes(random, 200, (60, 90), (5, 60))
        objects = random_boxes(random, 5, (60, 90), (10, 50))
        crowd = [0, 1, 0, 0, 1] if seed % 2 else [0] * 5
        found = match(
            paddle.to_tensor(boxes),
            truth_of(objects, crowd=crowd),
            foreground_iou=foreground,
            background_iou=background,
            keep_best=keep_best,
        )
        labels, matched = slow_match(boxes, objects, crowd, foreground, background, keep_best)
        assert found.label.tolist() == labels
        assert found.object.tolist() == matched
        assert {0, 1} <= set(labels)
        assert (-1 in labels) == (foreground > background)


def test_the_best_box_of_an_object_is_foreground_however_little_it_overlaps() -> None:
    boxes = paddle.to_tensor([[0.0, 0, 10, 10], [0, 0, 10, 10], [50, 50, 60, 60]])
    far = np.array([[8, 8, 40, 40], [90, 90, 95, 95]], np.float32)
    thresholds = {"foreground_iou": 0.7, "background_iou": 0.3}
    assert match(boxes, truth_of(far), **thresholds).label.tolist() == [0, 0, 0]
    # Both of equal boxes; none for an object that nothing touches.
    kept = match(boxes, truth_of(far), keep_best=True, **thresholds)
    assert kept.label.tolist() == [1, 1, 0]


@pytest.mark.parametrize(
    ("objects", "crowd"), [(NO_OBJECTS, []), (np.array([[0.0, 0, 9, 9]], np.float32), [1])]
)
def test_without_single_objects_all_is_background(objects: Array, crowd: list[int]) -> None:
    boxes = paddle.to_tensor([[0.0, 0, 9, 9], [5, 5, 9, 9]])
    truth = truth_of(objects, crowd=crowd)
    found = match(boxes, truth, foreground_iou=0.5, background_iou=0.5, keep_best=True)
    assert found.label.tolist() == found.object.tolist() == [0, 0]
