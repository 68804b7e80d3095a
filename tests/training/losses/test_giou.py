"""GIoU loss against its definition with plain numbers."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from instseg_train.losses.giou import giou_loss


def slow_giou(a: list[float], b: list[float]) -> float:
    def area(box: list[float]) -> float:
        return max(box[2] - box[0], 0.0) * max(box[3] - box[1], 0.0)

    both = [max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])]
    hull = [min(a[0], b[0]), min(a[1], b[1]), max(a[2], b[2]), max(a[3], b[3])]
    overlap = area(both)
    union = area(a) + area(b) - overlap
    return overlap / union - (area(hull) - union) / area(hull)


def test_equals_the_definition() -> None:
    random = np.random.default_rng(0)
    corners = random.uniform(0, 10, [2, 60, 2])
    boxes = np.concatenate([corners, corners + random.uniform(0.1, 6, [2, 60, 2])], -1)
    found = giou_loss(*(paddle.to_tensor(b.astype("float32")) for b in boxes))
    expected = [1 - slow_giou(list(a), list(b)) for a, b in zip(*boxes, strict=True)]
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("a", "b", "loss"),
    [
        ([0, 0, 2, 2], [0, 0, 2, 2], 0.0),
        ([0, 0, 1, 1], [3, 0, 4, 1], 1.5),  # apart: the hull has twice the two boxes' area
        ([0, 0, 0, 0], [0, 0, 0, 0], 1.0),  # empty: epsilons decide, but nothing is infinite
    ],
)
def test_single_pairs(a: list[float], b: list[float], loss: float) -> None:
    pair = (paddle.to_tensor([box], dtype="float32") for box in (a, b))
    assert giou_loss(*pair).item() == pytest.approx(loss, abs=1e-6)
