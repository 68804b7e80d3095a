"""Each term against its formula in loops."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest

from instseg_train.models.ppyoloe_seg.losses import (
    distribution_focal_loss,
    mask_loss,
    varifocal_loss,
)


def test_varifocal_loss() -> None:
    random = np.random.default_rng(0)
    p = random.uniform(0.01, 0.99, [2, 5, 3])
    positive = (random.uniform(size=p.shape) < 0.3).astype(float)
    q = positive * random.uniform(0.1, 1, p.shape)
    expected = 0.0
    for score, target, is_positive in zip(p.ravel(), q.ravel(), positive.ravel(), strict=True):
        entropy = -(target * math.log(score) + (1 - target) * math.log(1 - score))
        expected += (target if is_positive else 0.75 * score**2) * entropy
    found = varifocal_loss(*(paddle.to_tensor(x.astype("float32")) for x in (p, q, positive)))
    assert float(found) == pytest.approx(expected, rel=1e-5)


def test_varifocal_loss_of_saturated_scores_is_finite() -> None:
    scores = paddle.to_tensor([0.0, 1.0, 0.0, 1.0])
    targets = paddle.to_tensor([1.0, 0.0, 0.0, 1.0])
    assert np.isfinite(float(varifocal_loss(scores, targets, targets)))


def test_distribution_focal_loss() -> None:
    random = np.random.default_rng(1)
    bins = random.normal(0, 2, [6, 4, 17])
    distances = random.uniform(0, 15.99, [6, 4])
    distances[0] = [0, 15.99, 3, 14.5]
    expected = []
    for rows, sides in zip(bins, distances, strict=True):
        total = 0.0
        for row, d in zip(rows, sides, strict=True):
            share = np.exp(row) / np.exp(row).sum()
            low = int(d)
            total -= (low + 1 - d) * math.log(share[low]) + (d - low) * math.log(share[low + 1])
        expected.append([total / 4])
    found = distribution_focal_loss(
        paddle.to_tensor(bins.astype("float32")), paddle.to_tensor(distances.astype("float32"))
    )
    np.testing.assert_allclose(found.numpy(), expected, rtol=1e-4)


def test_mask_loss() -> None:
    random = np.random.default_rng(2)
    logits = random.normal(0, 3, [3, 6, 8])
    masks = (random.uniform(size=logits.shape) < 0.5).astype(float)
    boxes = np.array([[1.5, 0.0, 6.0, 4.2], [-1, 2, 9, 7], [3, 3, 3.5, 3.5]])
    shares = np.array([0.4, 1.0, 0.01])
    expected = 0.0
    for k in range(3):
        x1, y1, x2, y2 = boxes[k]
        for y in range(6):
            for x in range(8):
                if x1 <= x < x2 and y1 <= y < y2:
                    p = 1 / (1 + math.exp(-logits[k, y, x]))
                    entropy = -math.log(p if masks[k, y, x] else 1 - p)
                    expected += entropy / 48 / shares[k]
    arguments = (paddle.to_tensor(x.astype("float32")) for x in (logits, masks, boxes, shares))
    assert float(mask_loss(*arguments)) == pytest.approx(expected, rel=1e-5)
