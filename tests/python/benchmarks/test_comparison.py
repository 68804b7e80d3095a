import numpy as np
import pytest
from harness.comparison import box_iou, counts_agree, matched, ratio_of_rounds
from hypothesis import given
from hypothesis import strategies as st


def test_counts_may_differ_by_one_and_by_thirty_percent_for_x_and_h() -> None:
    assert counts_agree("Mask-RT-DETR-L", 19, 20)
    assert not counts_agree("Mask-RT-DETR-L", 18, 20)
    assert counts_agree("Mask-RT-DETR-H", 26, 20)
    assert not counts_agree("Mask-RT-DETR-X", 27, 20)
    assert counts_agree("Mask-RT-DETR-X", 3, 2)


def pixel_iou(a: list[int], b: list[int]) -> float:
    """Counts the unit squares of two boxes: slow, obviously correct."""
    field = np.zeros((2, 12, 12), bool)
    for plane, (x1, y1, x2, y2) in zip(field, (a, b), strict=True):
        plane[y1:y2, x1:x2] = True
    union = (field[0] | field[1]).sum()
    return float((field[0] & field[1]).sum() / union) if union else 0.0


corner = st.integers(0, 12)
boxes = st.tuples(corner, corner, corner, corner).map(
    lambda v: [min(v[0], v[2]), min(v[1], v[3]), max(v[0], v[2]), max(v[1], v[3])]
)


@given(boxes, boxes)
def test_box_iou_counts_pixels(a: list[int], b: list[int]) -> None:
    assert box_iou(a, b) == pytest.approx(pixel_iou(a, b))


def row(class_id: int, box: list[float] | None, score: float = 0.9) -> dict[str, object]:
    return {"class_id": class_id, "score": score, "box": box}


def test_matching_needs_class_and_place_and_uses_a_partner_once() -> None:
    box = [0.0, 0.0, 100.0, 100.0]
    assert matched([row(1, box), row(1, box)], [row(1, box)]) == 1
    assert matched([row(1, box)], [row(2, box)]) == 0
    assert matched([row(1, [0.0, 0.0, 100.0, 91.0])], [row(1, box)]) == 1
    assert matched([row(1, [0.0, 0.0, 100.0, 89.0])], [row(1, box)]) == 0
    assert matched([row(1, box)], [row(1, None)]) is None


def test_ratio_is_of_medians_with_the_extremes_of_rounds() -> None:
    ratio = ratio_of_rounds("fast", [[1.0, 1.0], [2.0, 2.0]], "slow", [[10.0], [10.0]])
    assert ratio["ratio"] == pytest.approx(10 / 1.5)
    assert (ratio["round_min"], ratio["round_max"]) == (5.0, 10.0)
    assert ratio["refused"] is None
