"""Two results of one image, held against each other."""

from dataclasses import replace

import numpy as np
import pytest
from fake_predictor import kept, result_with
from harness.gpu.agreement import compare, mask_iou, same
from harness.gpu.held import TRAINED_FP16, TRAINED_FP32
from results import mask_of

from instseg import Masks

THRESHOLD = 0.2


def test_equal_results_have_no_faults() -> None:
    found = compare(result_with(5), result_with(5), THRESHOLD, TRAINED_FP32)
    assert found.faults == ()
    assert (found.reference, found.actual, found.unpaired) == (5, 5, 0)
    assert (found.score, found.box_px, found.iou_min) == (0, 0, 1)


def test_two_results_without_instances_are_equal() -> None:
    assert compare(result_with(0), result_with(0), THRESHOLD, TRAINED_FP32).faults == ()


def test_each_difference_is_told_with_its_size() -> None:
    expected = result_with(3)
    moved = expected.boxes.copy()
    moved[0] += 0.75
    scores = expected.scores.copy()
    scores[1] -= 0.01
    actual = replace(expected, boxes=moved, scores=scores)
    faults = compare(expected, actual, THRESHOLD, TRAINED_FP32).faults
    assert len(faults) == 2
    assert "box off by 0.750 px" in faults[0]
    assert "score off by 1.0e-02" in faults[1]
    # FP16 holds neither so closely.
    assert compare(expected, actual, THRESHOLD, TRAINED_FP16).faults == ()


def test_a_mask_that_lost_a_part_is_a_fault() -> None:
    expected = result_with(1)
    bitmap = expected.masks[0].bitmap().copy()
    rows = np.flatnonzero(bitmap.any(1))
    bitmap[rows[: len(rows) // 2]] = False
    actual = replace(expected, masks=Masks([mask_of(bitmap)], expected.image_size))
    faults = compare(expected, actual, THRESHOLD, TRAINED_FP16).faults
    assert [fault.startswith("cat") or fault.startswith("median") for fault in faults] == [True] * 2


def test_one_instance_at_the_threshold_may_be_missing_and_no_other() -> None:
    expected = result_with(4)
    actual = kept(expected, 3)
    last = float(expected.scores[3])
    assert compare(expected, actual, last - 1e-3, TRAINED_FP32).faults == ()
    [fault] = compare(expected, actual, last - 0.1, TRAINED_FP32).faults
    assert "only in the CPU's result" in fault
    [fault] = compare(actual, expected, last - 0.1, TRAINED_FP32).faults
    assert "only in the GPU's result" in fault
    faults = compare(expected, kept(expected, 2), last - 1e-3, TRAINED_FP32).faults
    assert faults[-1] == "2 instances without a counterpart; 1 near the threshold may be"


def test_another_class_is_no_counterpart() -> None:
    expected = result_with(2)
    actual = replace(expected, class_ids=expected.class_ids + 1)
    assert compare(expected, actual, THRESHOLD, TRAINED_FP32).unpaired == 4


def test_order_does_not_matter() -> None:
    expected = result_with(4)
    order = np.array([2, 0, 3, 1])
    actual = replace(
        expected,
        boxes=expected.boxes[order],
        scores=expected.scores[order],
        class_ids=expected.class_ids[order],
        labels=[expected.labels[i] for i in order],
        masks=Masks([expected.masks[int(i)] for i in order], expected.image_size),
    )
    assert compare(expected, actual, THRESHOLD, TRAINED_FP32).faults == ()
    assert not same(expected, actual)
    assert same(expected, result_with(4))


def test_iou_of_masks() -> None:
    left = np.zeros((4, 8), np.uint8)
    left[:, :4] = 1
    middle = np.roll(left, 2, 1)
    assert mask_iou(mask_of(left), mask_of(middle)) == pytest.approx(8 / 24)
    nothing = mask_of(np.zeros((4, 8), np.uint8))
    assert mask_iou(nothing, nothing) == 1
    assert mask_iou(nothing, mask_of(left)) == 0
