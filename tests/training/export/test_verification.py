"""The SDK's instances beside Paddle's: how they are paired and judged."""

from __future__ import annotations

import numpy as np
import pytest
from made_results import result_of

from instseg_train.export.verification import GENERATED, TRAINED, compare_results

SIZE = (60, 80)


def plane(top: int, left: int, side: int = 20) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[top : top + side, left : left + side] = 1
    return mask


def test_equal_results_are_equal_in_any_order_of_equal_scores() -> None:
    theirs = [(0, 0.9, plane(0, 0)), (1, 0.7, plane(30, 30)), (1, 0.7, plane(5, 50))]
    ours = [theirs[0], theirs[2], theirs[1]]
    found = compare_results(result_of(theirs, SIZE), result_of(ours, SIZE), 0.5)
    assert (found.paddle_instances, found.sdk_instances, found.pairs) == (3, 3, 3)
    assert (found.box_px, found.score, found.least_iou, found.median_iou) == (0, 0, 1, 1)
    assert found.within(TRAINED)


def test_differences_are_the_largest_of_all_pairs() -> None:
    theirs = result_of([(0, 0.9, plane(0, 0)), (0, 0.6, plane(30, 30))], SIZE)
    ours = result_of([(0, 0.9, plane(0, 1)), (0, 0.55, plane(30, 30))], SIZE)
    found = compare_results(theirs, ours, 0.5)
    assert found.box_px == 1
    assert found.score == pytest.approx(0.05, abs=1e-6)
    assert found.least_iou == pytest.approx(380 / 420)
    assert found.median_iou == pytest.approx((1 + 380 / 420) / 2)
    assert not found.within(TRAINED)


def test_other_classes_and_other_places_are_no_pairs() -> None:
    theirs = result_of([(0, 0.9, plane(0, 0)), (0, 0.8, plane(30, 30))], SIZE)
    ours = result_of([(1, 0.9, plane(0, 0)), (0, 0.8, plane(0, 30))], SIZE)
    found = compare_results(theirs, ours, 0.5)
    assert found.pairs == 0
    assert not found.within(TRAINED)
    assert found.contradictory


def test_only_what_scores_above_the_threshold_counts() -> None:
    theirs = result_of([(0, 0.9, plane(0, 0)), (0, 0.4, plane(30, 30))], SIZE)
    ours = result_of([(0, 0.9, plane(0, 0)), (0, 0.45, plane(5, 50))], SIZE)
    found = compare_results(theirs, ours, 0.5)
    assert (found.paddle_instances, found.sdk_instances, found.pairs) == (1, 1, 1)
    assert found.within(TRAINED)


@pytest.mark.parametrize(("score", "equal"), [(0.501, True), (0.51, False)])
def test_one_instance_at_the_threshold_needs_no_partner(score: float, equal: bool) -> None:
    theirs = result_of([(0, 0.9, plane(0, 0)), (0, score, plane(30, 30))], SIZE)
    ours = result_of([(0, 0.9, plane(0, 0))], SIZE)
    found = compare_results(theirs, ours, 0.5)
    assert found.unpaired_scores == pytest.approx((score,), abs=1e-6)
    assert found.within(TRAINED) == equal


def test_scores_at_the_threshold_are_no_contradiction() -> None:
    nothing = result_of([], SIZE)
    unsure = result_of([(0, 0.5009, plane(0, 0)), (0, 0.5008, plane(30, 30))], SIZE)
    found = compare_results(nothing, unsure, 0.5)
    assert (found.paddle_instances, found.sdk_instances, found.pairs) == (0, 2, 0)
    assert not found.contradictory


def test_ragged_masks_pass_for_generated_weights_alone() -> None:
    ragged = plane(0, 0, 40)
    ragged[20] = 0  # 39 of 40 rows are left
    theirs = [(0, 0.9, plane(0, 0, 40)), (0, 0.8, plane(5, 50)), (0, 0.7, plane(35, 50))]
    ours = [(0, 0.9, ragged), *theirs[1:]]
    found = compare_results(result_of(theirs, SIZE), result_of(ours, SIZE), 0.5)
    assert (found.least_iou, found.median_iou) == (pytest.approx(39 / 40), 1)
    assert found.within(GENERATED)
    assert not found.within(TRAINED)
