"""Dice and focal loss of a batch, put together again with loops."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import paddle
import pytest
from models.solov2.test_targets import slow_targets
from random_batches import random_batch

from instseg_train.models.solov2.losses import batch_losses, dice_loss
from instseg_train.models.solov2.targets import shrink

GRIDS = (40, 36, 24, 16, 12)


def predictions(images: int, classes: int) -> tuple[list[Any], list[Any], Any]:
    """Categories and kernels of all levels, mask features for images of 64 x 96."""
    random = np.random.default_rng(4)

    def tensor(*shape: int) -> paddle.Tensor:
        return paddle.to_tensor(random.normal(0, 0.5, [images, *shape]).astype("float32"))

    categories = [tensor(classes, grid, grid) for grid in GRIDS]
    kernels = [tensor(8, grid, grid) for grid in GRIDS]
    return categories, kernels, tensor(8, 16, 24)


def slow_losses(
    categories: list[Any], kernels: list[Any], features: Any, inputs: dict[str, Any]
) -> dict[str, float]:
    masks_loss, pairs, focal, learning = 0.0, 0, 0.0, 0
    for i in range(len(features)):
        cells_of_image, claims = slow_targets(
            *(inputs[key][i].numpy() for key in ("gt_bbox", "gt_class", "gt_segm"))
        )
        kernel = np.concatenate([k[i].numpy().reshape(8, -1).T for k in kernels])
        logits = np.concatenate([c[i].numpy().reshape(c.shape[1], -1).T for c in categories])
        for cell, m in claims:
            mask = shrink(inputs["gt_segm"][i][m : m + 1]).numpy()[0].astype(float)
            if not mask.any():
                continue
            p = 1 / (1 + np.exp(-(kernel[cell][:, None, None] * features[i].numpy()).sum(0)))
            dice = 2 * (p * mask).sum() / ((p * p).sum() + 0.001 + (mask * mask).sum() + 0.001)
            masks_loss += 1 - dice
            pairs += 1
        learning += len({cell for cell, _ in claims})
        for row, label in zip(logits, cells_of_image, strict=True):
            for k, x in enumerate(row):
                p = 1 / (1 + math.exp(-x))
                if label == k + 1:
                    focal -= 0.25 * (1 - p) ** 2 * math.log(p)
                else:
                    focal -= 0.75 * p**2 * math.log(1 - p)
    found = {"loss_ins": 3 * masks_loss / max(pairs, 1), "loss_cate": focal / (learning + 1)}
    return {**found, "loss": sum(found.values())}


@pytest.mark.parametrize("counts", [[3, 2], [0, 4], [0, 0]])
def test_equals_the_loops(counts: list[int]) -> None:
    inputs = random_batch(counts, 2)
    found = batch_losses(*predictions(2, 2), inputs, GRIDS)
    expected = slow_losses(*predictions(2, 2), inputs)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert float(found[name]) == pytest.approx(value, rel=1e-5), name


def test_dice_of_a_perfect_and_of_a_missing_mask() -> None:
    mask = paddle.to_tensor([[1.0, 1, 0, 0]])
    right, wrong = (mask - 0.5) * 100, (0.5 - mask) * 100
    assert dice_loss(right, mask).item() == pytest.approx(0.001 / 2, abs=1e-4)
    assert dice_loss(wrong, mask).item() == pytest.approx(1, abs=1e-6)
