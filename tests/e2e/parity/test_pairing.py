"""The comparison itself: it must see what is wrong."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parity.instances import Instances
from parity.pairing import DetectionTolerance, compare, mask_iou, pair

TOLERANCE = DetectionTolerance(score=0.01, box_px=1.0, iou_min=0.95, iou_median=0.99)
SIZE = 100


def instances(*rows: tuple[int, float, tuple[int, int, int, int]]) -> Instances:
    """(class, score, box) with masks that fill their boxes."""
    masks = np.zeros((len(rows), SIZE, SIZE), bool)
    for mask, (_, _, (x1, y1, x2, y2)) in zip(masks, rows, strict=True):
        mask[y1:y2, x1:x2] = True
    return Instances(
        np.array([row[0] for row in rows], np.int32),
        np.array([row[1] for row in rows], np.float32),
        np.array([row[2] for row in rows], np.float32).reshape(-1, 4),
        masks,
    )


THREE = instances((7, 0.9, (10, 10, 50, 50)), (7, 0.8, (40, 40, 90, 90)), (3, 0.7, (0, 0, 20, 30)))


def rows(chosen: list[int]) -> Instances:
    assert THREE.boxes is not None
    return Instances(
        THREE.class_ids[chosen], THREE.scores[chosen], THREE.boxes[chosen], THREE.masks[chosen]
    )


def faults(actual: Instances, threshold: float = 0.5, **changes: object) -> tuple[str, ...]:
    return compare(THREE, actual, threshold, replace(TOLERANCE, **changes)).faults  # type: ignore[arg-type]


def test_equal_instances_in_any_order_have_no_fault() -> None:
    comparison = compare(THREE, rows([2, 0, 1]), 0.5, TOLERANCE)
    assert comparison.faults == ()
    assert (comparison.rows, comparison.unpaired) == (3, 0)
    assert (comparison.score, comparison.box_px) == (0.0, 0.0)
    assert (comparison.iou_min, comparison.iou_median) == (1.0, 1.0)


def test_rows_of_one_class_are_paired_by_what_they_are_not_by_their_order() -> None:
    swapped = instances((3, 0.7, (0, 0, 20, 30)), (7, 0.81, (40, 40, 90, 90)))
    both = rows([1, 2])
    assert pair(both, swapped, TOLERANCE) == [(0, 1), (1, 0)]


@pytest.mark.parametrize(
    ("changed", "word"),
    [
        ((7, 0.87, (10, 10, 50, 50)), "score off by 3.0e-02"),
        ((7, 0.9, (10, 10, 52, 50)), "box off by 2.000 px"),
        ((8, 0.9, (10, 10, 50, 50)), "only in the reference"),
    ],
)
def test_a_changed_row_is_a_fault(
    changed: tuple[int, float, tuple[int, int, int, int]], word: str
) -> None:
    others = [(7, 0.8, (40, 40, 90, 90)), (3, 0.7, (0, 0, 20, 30))]
    assert any(word in fault for fault in faults(instances(changed, *others)))


def test_a_changed_mask_is_a_fault() -> None:
    actual = rows([0, 1, 2])
    actual.masks[0, 10:13, 10:50] = False
    assert faults(actual) == ("class 7, score 0.9000: mask IoU 0.9250",)
    assert faults(actual, iou_min=0.9) == ()


def test_the_median_counts_too() -> None:
    actual = rows([0, 1, 2])
    actual.masks[:, ::25, :] = False
    assert faults(actual, iou_min=0.5) == ("median mask IoU 0.9600",)


def test_less_than_a_cell_of_the_mask_grid_is_no_fault_in_a_small_mask() -> None:
    one = instances((3, 0.7, (0, 0, 4, 4)))
    actual = instances((3, 0.7, (0, 0, 4, 4)))
    actual.masks[0, 0, 0] = False
    cell = replace(TOLERANCE, iou_median=0.5, mask_grid=50)  # 2 x 2 pixels
    assert compare(one, actual, 0.5, cell).faults == ()
    assert compare(one, actual, 0.5, replace(cell, mask_grid=100)).faults != ()
    actual.masks[0, 0, :] = False
    assert compare(one, actual, 0.5, cell).faults != ()


def test_one_row_near_the_threshold_may_be_missing() -> None:
    assert faults(rows([0, 1]), threshold=0.695) == ()
    assert faults(rows([0, 1]), threshold=0.68) == ("class 3, score 0.7000: only in the reference",)


def test_two_rows_near_the_threshold_may_not() -> None:
    other = instances(
        (7, 0.9, (10, 10, 50, 50)), (7, 0.8, (40, 40, 90, 90)), (4, 0.7, (0, 0, 9, 9))
    )
    [fault] = faults(other, threshold=0.695)
    assert "2 rows without a counterpart" in fault


def test_excused_rows_are_reported_but_not_held() -> None:
    actual = instances(
        (7, 0.6, (10, 10, 90, 50)), (7, 0.8, (40, 40, 90, 90)), (3, 0.7, (0, 0, 20, 30))
    )
    comparison = compare(THREE, actual, 0.5, TOLERANCE, excused=[0])
    assert comparison.faults == ()
    assert len(comparison.excused) == 3
    assert (comparison.score, comparison.box_px, comparison.iou_min) == (0.0, 0.0, 1.0)
    assert compare(THREE, rows([1, 2]), 0.5, TOLERANCE, excused=[0]).faults == ()
    assert compare(THREE, actual, 0.5, TOLERANCE, excused=[1]).faults != ()


def test_nothing_against_something_is_a_fault() -> None:
    nothing = rows([])
    assert compare(nothing, nothing, 0.5, TOLERANCE).faults == ()
    assert len(compare(nothing, THREE, 0.5, TOLERANCE).faults) == 4
    assert len(compare(THREE, nothing, 0.5, TOLERANCE).faults) == 4


def test_families_without_boxes_are_paired_by_masks() -> None:
    plain = replace(THREE, boxes=None)
    assert pair(plain, replace(rows([1, 0, 2]), boxes=None), TOLERANCE) == [(0, 1), (1, 0), (2, 2)]


def test_iou_of_masks() -> None:
    assert mask_iou(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1.0
    assert mask_iou(np.array([True, True]), np.array([True, False])) == 0.5
