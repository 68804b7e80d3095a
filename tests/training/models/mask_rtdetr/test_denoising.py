"""Denoising groups slot by slot, and who may look at whom, pair by pair."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest
from models.mask_rtdetr.drawn_objects import RememberedDraws, drawn_truth

from instseg_train.models.mask_rtdetr.denoising import (
    DenoisingSettings,
    attention_mask,
    denoising_groups,
)

CLASSES, QUERIES = 6, 5


def slow_logit(x: float) -> float:
    x = min(max(x, 0.0), 1.0)
    return math.log(max(x, 1e-5) / max(1 - x, 1e-5))


@pytest.mark.parametrize(
    ("counts", "queries", "groups"),
    [([3, 1], 10, 3), ([0, 2, 4], 9, 2), ([5, 5], 3, 1), ([1], 7, 7)],
)
def test_equals_the_loops(counts: list[int], queries: int, groups: int) -> None:
    truth = drawn_truth(np.random.default_rng(len(counts)), counts, CLASSES, (8, 8))
    settings = DenoisingSettings(queries=queries, label_noise=0.8, box_noise=0.6)
    paddle.seed(1)
    randomness = RememberedDraws()
    found = denoising_groups(truth, settings, CLASSES, QUERIES, randomness)
    assert found is not None
    redraws, fresh, moves = randomness.drawn
    slots = max(counts)
    size = groups * slots
    assert found.size == size
    assert found.labels.shape == [len(counts), size]
    labels, logits = found.labels.numpy(), found.box_logits.numpy()
    given_labels, given_boxes = truth.labels.tolist(), truth.boxes.tolist()
    first = 0
    for image, count in enumerate(counts):
        for group in range(groups):
            for slot in range(slots):
                place = group * slots + slot
                if slot >= count:
                    assert labels[image, place] == CLASSES
                    np.testing.assert_allclose(logits[image, place], slow_logit(0.0), rtol=1e-5)
                    continue
                redrawn = redraws[image, place] < 0.4
                wanted = fresh[image, place] if redrawn else given_labels[first + slot]
                assert labels[image, place] == wanted
                cx, cy, w, h = given_boxes[first + slot]
                reach = (w / 2, h / 2, w, h)
                expected = [
                    slow_logit(x + 0.6 * r * (2 * float(move) - 1))
                    for x, r, move in zip((cx, cy, w, h), reach, moves[image, place], strict=True)
                ]
                np.testing.assert_allclose(logits[image, place], expected, rtol=1e-4, atol=1e-5)
        first += count
    matched = found.matching
    assert (matched.groups, matched.counts) == (groups, counts)
    assert matched.targets.tolist() == list(range(sum(counts)))
    assert matched.queries.tolist() == [
        [image * size + group * slots + slot for group in range(groups)]
        for image, count in enumerate(counts)
        for slot in range(count)
    ]
    np.testing.assert_array_equal(found.mask, attention_mask(groups, slots, QUERIES))


@pytest.mark.parametrize(("groups", "slots"), [(1, 1), (1, 4), (3, 2), (4, 1)])
def test_attention_mask_pair_by_pair(groups: int, slots: int) -> None:
    mask = attention_mask(groups, slots, QUERIES)
    size = groups * slots
    assert mask.shape == (size + QUERIES, size + QUERIES)
    assert mask.dtype == np.float32
    for looking in range(size + QUERIES):
        for seen in range(size + QUERIES):
            if seen >= size:  # everybody sees the ordinary queries
                allowed = True
            elif looking >= size:  # which see no copies of the ground truth
                allowed = False
            else:
                allowed = looking // slots == seen // slots
            assert mask[looking, seen] == (0.0 if allowed else -np.inf)


@pytest.mark.parametrize(("counts", "queries"), [([0, 0], 100), ([2, 1], 0)])
def test_there_may_be_nothing_to_denoise(counts: list[int], queries: int) -> None:
    truth = drawn_truth(np.random.default_rng(0), counts, CLASSES, (8, 8))
    settings = DenoisingSettings(queries=queries)
    assert denoising_groups(truth, settings, CLASSES, QUERIES, RememberedDraws()) is None


def test_without_noise_the_copies_are_exact() -> None:
    truth = drawn_truth(np.random.default_rng(2), [2, 3], CLASSES, (8, 8))
    settings = DenoisingSettings(queries=6, label_noise=0.0, box_noise=0.0)
    found = denoising_groups(truth, settings, CLASSES, QUERIES, RememberedDraws())
    assert found is not None
    at = found.matching.queries.flatten()
    boxes = paddle.nn.functional.sigmoid(paddle.gather(found.box_logits.reshape([-1, 4]), at))
    repeated = np.repeat(truth.boxes.numpy(), 2, axis=0)
    np.testing.assert_allclose(boxes.numpy(), repeated, rtol=1e-4, atol=1e-5)
    labels = paddle.gather(found.labels.flatten(), at)
    np.testing.assert_array_equal(labels.numpy(), np.repeat(truth.labels.numpy(), 2))
