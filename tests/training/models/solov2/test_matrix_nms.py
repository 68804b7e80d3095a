"""Matrix NMS against loops over pairs of masks."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
import pytest

from instseg_train.models.solov2 import matrix_nms as module
from instseg_train.models.solov2.matrix_nms import best_first, decay, matrix_nms

Array = npt.NDArray[Any]


def slow_decay(masks: Array, class_ids: Array) -> list[float]:
    """Of masks [n, h, w], best first (arXiv:2003.10152, "Matrix NMS", Gaussian)."""

    def iou(i: int, j: int) -> float:
        if class_ids[i] != class_ids[j]:
            return 0.0
        return float((masks[i] & masks[j]).sum() / (masks[i] | masks[j]).sum())

    factors = []
    for j in range(len(masks)):
        factor = 1.0
        for i in range(j):
            most = max((iou(k, i) for k in range(i)), default=0.0)
            factor = min(factor, math.exp(-2 * iou(i, j) ** 2) / math.exp(-2 * most**2))
        factors.append(factor)
    return factors


def random_masks(count: int, seed: int) -> tuple[Array, Array, Array]:
    """Masks as booleans, distinct scores in 0..1, class ids."""
    random = np.random.default_rng(seed)
    masks = np.zeros([count, 12, 14], bool)
    for mask in masks:
        y, x = random.integers(0, 7, 2)
        mask[y : y + 5, x : x + 6] = True
    return masks, random.permutation(count) / count + 0.01, random.integers(0, 2, count)


def test_decay_equals_the_loops() -> None:
    for seed in range(5):
        masks, _, class_ids = random_masks(12, seed)
        pixels = paddle.to_tensor(masks.astype("float32"))
        found = decay(pixels, pixels.sum([1, 2]), paddle.to_tensor(class_ids))
        np.testing.assert_allclose(found.numpy(), slow_decay(masks, class_ids), rtol=1e-5)


@pytest.mark.parametrize(("most_before", "most"), [(500, 100), (9, 4)])
def test_keeps_the_best(monkeypatch: pytest.MonkeyPatch, most_before: int, most: int) -> None:
    monkeypatch.setattr(module, "MOST_BEFORE", most_before)
    monkeypatch.setattr(module, "MOST", most)
    for seed in range(5):
        masks, scores, class_ids = random_masks(15, seed)
        pixels = masks.astype("float32")
        order = np.argsort(-scores)[:most_before]
        decayed = scores[order] * slow_decay(masks[order], class_ids[order])
        rows = [i for i in range(len(order)) if decayed[i] >= 0.05]
        rows.append(len(order) - 1)  # the last candidate, again or for the first time
        rows = sorted(rows, key=lambda i: -decayed[i])[:most]
        probabilities, found, ids = matrix_nms(
            paddle.to_tensor(pixels * 0.9),
            paddle.to_tensor(pixels),
            paddle.to_tensor(pixels.sum((1, 2))),
            paddle.to_tensor(scores.astype("float32")),
            paddle.to_tensor(class_ids),
        )
        np.testing.assert_allclose(found.numpy(), decayed[rows], rtol=1e-4)
        np.testing.assert_array_equal(ids.numpy(), class_ids[order[rows]])
        np.testing.assert_allclose(probabilities.numpy(), 0.9 * pixels[order[rows]], rtol=1e-6)


def test_best_first() -> None:
    scores = paddle.to_tensor([0.1, 0.9, 0.5, 0.7])
    assert best_first(scores, 2).tolist() == [1, 3]
    assert best_first(scores, 4).tolist() == [1, 3, 2, 0]
