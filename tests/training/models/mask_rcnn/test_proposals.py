"""Proposals, against loops over levels and anchors."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from models.mask_rcnn.slow_boxes import Array, random_boxes, slow_clipped, slow_moved, slow_nms

from instseg_train.models.mask_rcnn.proposals import ProposalLimits, propose

HEIGHT, WIDTH = 60.0, 90.0
Level = tuple[Array, Array, Array]


def level(seed: int, height: int, width: int, per_cell: int = 2) -> Level:
    """Logits [1, A, H, W], deltas [1, 4 * A, H, W], anchors [H * W * A, 4]."""
    random = np.random.default_rng(seed)
    logits = random.normal(0, 2, [1, per_cell, height, width]).astype(np.float32)
    deltas = random.normal(0, 0.4, [1, 4 * per_cell, height, width]).astype(np.float32)
    count = height * width * per_cell
    return logits, deltas, random_boxes(random, count, (60, 90), (4, 40))


def slow_level(parts: Level, limits: ProposalLimits) -> list[tuple[float, list[float]]]:
    """Logits and boxes of one level, best first. Boxes below one pixel are dropped."""
    logits, deltas, anchors = parts
    _, per_cell, height, width = logits.shape
    found = []
    for y in range(height):
        for x in range(width):
            for a in range(per_cell):
                anchor = anchors[(y * width + x) * per_cell + a]
                moved = slow_moved(anchor, deltas[0, 4 * a : 4 * a + 4, y, x], (1, 1, 1, 1))
                found.append((float(logits[0, a, y, x]), slow_clipped(moved, HEIGHT, WIDTH)))
    found = sorted(found, key=lambda item: -item[0])[: limits.before_nms]
    found = [(s, box) for s, box in found if min(box[2] - box[0], box[3] - box[1]) >= 1]
    kept = slow_nms([box for _, box in found], [s for s, _ in found], limits.iou_threshold)
    return [found[i] for i in kept[: limits.after_nms]]


def slow_propose(levels: list[Level], limits: ProposalLimits) -> list[list[float]]:
    found = [item for parts in levels for item in slow_level(parts, limits)]
    if len(levels) > 1 and len(found) > limits.per_image:
        found = sorted(found, key=lambda item: -item[0])[: limits.per_image]
    return [box for _, box in found]


def found_proposals(levels: list[Level], limits: ProposalLimits) -> Array:
    logits, deltas, anchors = ([paddle.to_tensor(parts[i]) for parts in levels] for i in range(3))
    size = paddle.to_tensor([[HEIGHT, WIDTH]])
    boxes: Array = propose(logits, deltas, anchors, size, limits).numpy()
    return boxes


@pytest.mark.parametrize(
    "limits",
    [
        ProposalLimits(before_nms=1000, after_nms=1000, per_image=1000),
        ProposalLimits(before_nms=1000, after_nms=1000, per_image=30),
        ProposalLimits(before_nms=50, after_nms=20, per_image=1000, iou_threshold=0.3),
    ],
)
@pytest.mark.parametrize("shapes", [[(9, 11)], [(9, 11), (5, 6), (2, 3)]])
def test_equals_the_loops(limits: ProposalLimits, shapes: list[tuple[int, int]]) -> None:
    levels = [level(seed, *shape) for seed, shape in enumerate(shapes)]
    found = found_proposals(levels, limits)
    expected = slow_propose(levels, limits)
    assert len(found) == len(expected)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-4)


def test_one_level_is_not_cut_to_the_images_limit() -> None:
    # The C4 models' limits are those of their only level (PaddleDetection rpn_head.py).
    limits = ProposalLimits(before_nms=1000, after_nms=1000, per_image=3)
    assert len(found_proposals([level(0, 9, 11)], limits)) > 3


def test_one_empty_box_per_level_where_none_is_a_pixel_wide() -> None:
    limits = ProposalLimits(before_nms=100, after_nms=100, per_image=100)
    levels = [level(seed, 3, 4) for seed in range(2)]
    thin = [(logits, deltas * 0, anchors[:, [0, 1, 0, 3]]) for logits, deltas, anchors in levels]
    assert found_proposals(thin, limits).tolist() == [[0.0] * 4] * 2
