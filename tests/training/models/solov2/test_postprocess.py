"""Detections of an image against loops over its cells."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from models.solov2.test_matrix_nms import slow_decay

from instseg_train.models.solov2.postprocess import LEAST_PIXELS, detections

GRIDS = (5, 4, 3, 2, 1)


def dense(seed: int, largest_score: float) -> tuple[list[Any], list[Any], Any]:
    """Of an image of 48 x 64: scores of 2 classes, kernels of 6 weights, mask features."""
    random = np.random.default_rng(seed)

    def tensor(values: Any) -> paddle.Tensor:
        return paddle.to_tensor(values.astype("float32"))

    scores = [tensor(random.uniform(0, largest_score, [1, g, g, 2])) for g in GRIDS]
    kernels = [tensor(random.normal(-0.2, 1, [1, 6, g, g])) for g in GRIDS]
    features = tensor(random.uniform(0, 1, [1, 6, 12, 16]))
    return scores, kernels, F.interpolate(features[:, :, ::4, ::4], (12, 16), mode="bilinear")


def slow_candidates(scores: list[Any], kernels: list[Any], features: Any) -> list[Any]:
    """(score, class, probabilities) before the NMS, best first; the last is always there."""
    found = []
    image = features.numpy()[0]
    for level, grid in enumerate(GRIDS):
        for y in range(grid):
            for x in range(grid):
                weights = kernels[level].numpy()[0, :, y, x]
                probabilities = 1 / (1 + np.exp(-(weights[:, None, None] * image).sum(0)))
                mask = probabilities > 0.5
                for k, score in enumerate(scores[level].numpy()[0, y, x]):
                    if score > 0.1 and mask.sum() > LEAST_PIXELS[level]:
                        found.append((score * probabilities[mask].mean(), k, probabilities))
    last = 1 / (1 + np.exp(-image.sum(0)))
    return [*sorted(found, key=lambda item: -item[0]), (0.0, 0, last)]


@pytest.mark.parametrize("scale", [1.0, 0.6, 1.9])
def test_equals_the_loops(scale: float) -> None:
    scores, kernels, features = dense(0, 0.5)
    shape = paddle.to_tensor([[45.0, 60.0]])
    found = detections(scores, kernels, features, shape, paddle.full([1, 2], scale))
    candidates = slow_candidates(scores, kernels, features)
    assert len(candidates) > 10
    # twice: the placeholder of the selection by area is that of the selection by score
    candidates.append(candidates[-1])
    candidates.pop()
    masks = np.stack([p > 0.5 for _, _, p in candidates])
    class_ids = np.array([k for _, k, _ in candidates])
    decayed = np.array([s for s, _, _ in candidates]) * slow_decay(masks, class_ids)
    rows = [i for i in range(len(candidates)) if decayed[i] >= 0.05] + [len(candidates) - 1]
    rows = sorted(rows, key=lambda i: -decayed[i])
    np.testing.assert_allclose(found["cate_score"].numpy(), decayed[rows], rtol=1e-4, atol=1e-7)
    np.testing.assert_array_equal(found["cate_label"].numpy(), class_ids[rows])
    assert found["bbox_num"].tolist() == [len(rows)]
    size = [int(np.float32(side) / np.float32(scale) + 0.5) for side in (45, 60)]
    assert found["segm"].shape == [len(rows), *size]
    for i, mask in zip(rows, found["segm"].numpy(), strict=True):
        large = F.interpolate(
            paddle.to_tensor(candidates[i][2][None, None].astype("float32")),
            (48, 64),
            mode="bilinear",
        )
        final = F.interpolate(large[:, :, :45, :60], size, mode="bilinear").numpy()[0, 0]
        assert (mask != (final > 0.5)).mean() < 1e-3  # a pixel may be just on the threshold


def test_nothing_found_is_one_mask_of_score_zero() -> None:
    found = detections(*dense(1, 0.05), paddle.to_tensor([[48.0, 64.0]]), paddle.ones([1, 2]))
    assert found["cate_score"].tolist() == [0.0]
    assert found["cate_label"].tolist() == [0]
    assert found["bbox_num"].tolist() == [1]
    assert found["segm"].shape == [1, 48, 64]
    assert (found["segm"].dtype, found["cate_label"].dtype) == (paddle.uint8, paddle.int64)
