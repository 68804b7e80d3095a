"""Anchors pixel by pixel."""

from __future__ import annotations

import math

import numpy as np

from instseg_train.models.mask_rtdetr.anchors import AnchorTable, anchor_boxes

SIZES = [(8, 12), (4, 6), (2, 3)]


def slow_anchors() -> list[tuple[float, ...]]:
    return [
        ((x + 0.5) / width, (y + 0.5) / height, 0.05 * 2**level, 0.05 * 2**level)
        for level, (height, width) in enumerate(SIZES)
        for y in range(height)
        for x in range(width)
    ]


def test_boxes_stand_at_the_pixels_centres() -> None:
    np.testing.assert_allclose(anchor_boxes(SIZES), slow_anchors(), rtol=1e-6)


def test_logits_are_infinite_where_an_anchor_lies_at_the_border() -> None:
    sizes = [(60, 4), (30, 2)]  # fine enough that the outermost centres are within the margin
    table = AnchorTable()
    found = table(sizes)
    boxes = anchor_boxes(sizes)
    valid = [all(0.01 < value < 0.99 for value in box) for box in boxes.tolist()]
    assert 0 < sum(valid) < len(valid)
    assert found.valid.shape == [1, len(boxes), 1]
    assert found.valid.flatten().tolist() == valid
    for logits, box, fits in zip(found.box_logits.tolist(), boxes.tolist(), valid, strict=True):
        expected = [math.log(x / (1 - x)) if fits else math.inf for x in box]
        np.testing.assert_allclose(logits, expected, rtol=1e-5, atol=1e-6)
    assert table(sizes).box_logits is found.box_logits
    assert table(SIZES).box_logits.shape == [126, 4]
    assert not table.state_dict()
