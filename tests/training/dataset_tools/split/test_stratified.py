"""Sizes are exact, nothing is lost, classes are spread."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from instseg_train.dataset_tools.split.stratified import first_size, stratified_split

LABELS = st.lists(st.lists(st.sampled_from("abcd"), max_size=4), max_size=60)


@given(LABELS, st.floats(0.01, 99.99), st.integers(0, 5))
def test_every_item_is_in_exactly_one_part(
    labels: list[list[str]], percent: float, seed: int
) -> None:
    first, second = stratified_split(labels, percent, seed)
    assert sorted(first + second) == list(range(len(labels)))
    assert first == sorted(first)
    assert second == sorted(second)
    assert len(first) == first_size(len(labels), percent)
    if len(labels) >= 2:
        assert first
        assert second
    assert stratified_split(labels, percent, seed) == (first, second)


@pytest.mark.parametrize("count", range(2, 201))
def test_sizes_are_the_nearest_that_leave_one_for_each(count: int) -> None:
    for percent in range(1, 100):
        size = first_size(count, percent)
        assert 1 <= size <= count - 1
        allowed = [abs(100 * n - count * percent) for n in range(1, count)]
        assert abs(100 * size - count * percent) == min(allowed)


def test_rare_classes_are_in_both_parts() -> None:
    """Ten classes, each on five of 500 images, beside one that is everywhere."""
    random = np.random.default_rng(0)
    labels = [["all"] for _ in range(500)]
    for number in range(10):
        for index in random.choice(500, 5, replace=False):
            labels[index].append(f"rare {number}")
    for seed in range(5):
        _, second = stratified_split(labels, 80, seed)
        counts = Counter(label for index in second for label in labels[index])
        assert len(second) == 100
        assert all(counts[f"rare {number}"] in (1, 2) for number in range(10))


def test_images_without_objects_are_spread_too() -> None:
    labels: list[list[str]] = [["coin"]] * 40 + [[]] * 10
    _, second = stratified_split(labels, 80, 0)
    assert sum(index >= 40 for index in second) == 2


def test_another_seed_chooses_others() -> None:
    labels = [["coin"]] * 100
    assert stratified_split(labels, 50, 0) != stratified_split(labels, 50, 1)
