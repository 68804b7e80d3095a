"""Choosing instances by class, size, score and place."""

from typing import Any

import numpy as np
import pytest
from results import HEIGHT, WIDTH, sample

from instseg import InvalidArgument, Mask, Masks, Result


def squares(*places: tuple[int, int, int]) -> Result:
    """x, y, side of each."""
    masks = [
        Mask.from_crop(HEIGHT, WIDTH, x, y, np.ones((side, side), np.uint8))
        for x, y, side in places
    ]
    boxes = np.array([(x, y, x + side, y + side) for x, y, side in places], np.float32)
    return sample(len(places), masks=Masks(masks, (HEIGHT, WIDTH)), boxes=boxes)


def chosen(result: Result, **conditions: Any) -> list[int]:
    """Positions of what is selected; every field must belong to the same instance."""
    selected = result.select(**conditions)
    positions = [result.scores.tolist().index(score) for score in selected.scores.tolist()]
    assert np.array_equal(selected.boxes, result.boxes[positions])
    assert np.array_equal(selected.class_ids, result.class_ids[positions])
    assert selected.labels == [result.labels[i] for i in positions]
    assert list(selected.masks) == [result.masks[i] for i in positions]
    assert selected.masks.image_size == result.masks.image_size
    assert (selected.source, selected.model_name) == (result.source, result.model_name)
    assert selected.boxes.dtype == np.float32
    return positions


def test_without_conditions_all_are_kept() -> None:
    assert chosen(sample(5)) == [0, 1, 2, 3, 4]
    assert chosen(sample(0)) == []
    assert chosen(sample(0), min_area=1, classes="cat", region=(0, 0, 1, 1)) == []


def test_by_class() -> None:
    result = sample(6)
    assert chosen(result, classes="cat") == [0, 3]
    assert chosen(result, classes=1) == [1, 4]
    assert chosen(result, classes=["猫", 0]) == [0, 2, 3, 5]
    assert chosen(result, classes=[]) == []
    assert chosen(result, classes="bird") == []


def test_by_area_and_score_both_ends_included() -> None:
    result = squares((0, 0, 2), (5, 5, 3), (20, 20, 4))
    assert chosen(result, min_area=9) == [1, 2]
    assert chosen(result, max_area=9) == [0, 1]
    assert chosen(result, min_area=5, max_area=15) == [1]
    assert chosen(result, min_score=result.scores[1]) == [0, 1]
    assert chosen(result, min_score=float(result.scores[1]), min_area=5) == [1]


def test_by_place() -> None:
    """Centroids at (5, 5), (15, 5), (25, 5)."""
    result = squares((4, 4, 2), (14, 4, 2), (24, 4, 2))
    assert chosen(result, region=(0, 0, 20, 10)) == [0, 1]
    assert chosen(result, region=(5, 5, 15, 6)) == [0]  # left and top edges belong to it
    assert chosen(result, region=[(0, 0), (20, 0), (20, 10), (0, 10)]) == [0, 1]
    assert chosen(result, region=np.array([[5, 5], [15, 5], [15, 6], [5, 6]])) == [0]
    # A ring that runs twice around is outside of itself, by the even-odd rule.
    twice = [(0, 0), (20, 0), (20, 10), (0, 10)] * 2
    assert chosen(result, region=twice) == []
    # An L around the middle one.
    bent = [(0, 0), (10, 0), (10, 8), (30, 8), (30, 12), (0, 12)]
    assert chosen(result, region=bent) == [0]


def test_neighbouring_regions_share_nothing() -> None:
    random = np.random.default_rng(0)
    result = squares(*((int(x), int(y), 2) for x, y in random.integers(0, 36, (60, 2))))
    cells = [(x, y, x + 6, y + 6) for x in range(0, 60, 6) for y in range(0, 42, 6)]
    found = sorted(i for cell in cells for i in chosen(result, region=cell))
    assert found == list(range(60))
    triangles = [((0, 0), (60, 0), (0, 60)), ((60, 0), (60, 60), (0, 60))]
    found = sorted(i for triangle in triangles for i in chosen(result, region=triangle))
    assert found == list(range(60))


def test_an_empty_mask_lies_at_its_box() -> None:
    empty = Mask.from_crop(HEIGHT, WIDTH, 0, 0, np.zeros((0, 0), np.uint8))
    boxes = np.array([[10, 10, 20, 20]], np.float32)
    result = sample(1, masks=Masks([empty], (HEIGHT, WIDTH)), boxes=boxes)
    assert chosen(result, region=(14, 14, 16, 16)) == [0]
    assert chosen(result, min_area=1) == []


@pytest.mark.parametrize(
    "conditions",
    [
        {"min_area": "big"},
        {"max_area": float("nan")},
        {"min_score": True},
        {"classes": 2.5},
        {"classes": [None]},
        {"region": (0, 0, 1)},
        {"region": (5, 0, 1, 3)},
        {"region": "left"},
        {"region": [(0, 0), (1, 1)]},
        {"region": [(0, 0), (1, 1), (2, float("inf"))]},
        {"region": [(0, 0), (1,), (2, 3)]},
    ],
)
def test_wrong_conditions_are_named(conditions: dict[str, Any]) -> None:
    [name] = conditions
    with pytest.raises(InvalidArgument, match="class" if name == "classes" else f"{name}="):
        sample(3).select(**conditions)


def test_of_overlapping_ones_the_best_stays_whatever_its_class() -> None:
    # Squares of 4 x 4: 1 overlaps 0 by 12 / 20, 2 overlaps 1 by 12 / 20 and 0 by 8 / 24.
    result = squares((0, 0, 4), (1, 0, 4), (2, 0, 4), (6, 6, 2))
    assert chosen(result, max_overlap=0.6) == [0, 1, 2, 3]
    assert chosen(result, max_overlap=0.59) == [0, 2, 3]
    assert chosen(result, max_overlap=0.3) == [0, 3]
    assert chosen(result, max_overlap=0.59, region=(2.5, 0, 60, 60)) == [1, 3]
    assert chosen(sample(0), max_overlap=0.5) == []


@pytest.mark.parametrize("limit", [-0.1, 1.1, "half", float("nan")])
def test_an_overlap_that_is_no_part_is_refused(limit: Any) -> None:
    with pytest.raises(InvalidArgument, match="max_overlap"):
        sample(2).select(max_overlap=limit)
