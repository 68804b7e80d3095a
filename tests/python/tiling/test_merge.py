"""Views as networks give them: not the same in two tiles, cut a little early, or in pieces."""

from typing import Any

import numpy as np
import pytest
from results import mask_of

from instseg import Mask
from instseg.tiling.grid import Tile
from instseg.tiling.merge import MergedInstance, View, merge_views

SIZE = (100, 300)
# Two tiles that share columns 140 to 159.
TILES = [Tile(0, 0, 160, 100), Tile(140, 0, 160, 100)]


def view(tile: int, *rectangles: tuple[int, int, int, int], **fields: Any) -> View:
    """Foreground in x1, y1, x2, y2."""
    bitmap = np.zeros(SIZE, np.uint8)
    for x1, y1, x2, y2 in rectangles:
        bitmap[y1:y2, x1:x2] = 1
    corners = np.array(rectangles)
    box = np.concatenate([corners[:, :2].min(0), corners[:, 2:].max(0)]).astype(np.float32)
    values = {"score": 0.9 - 0.1 * tile, "class_id": 0, "box": box, "mask": mask_of(bitmap)}
    return View(tile=tile, **{**values, **fields})


def merged(*views: View) -> list[MergedInstance]:
    return merge_views(views, TILES, SIZE)


def test_halves_are_united_although_they_differ_in_the_strip() -> None:
    left, right = view(0, (50, 10, 160, 30)), view(1, (140, 12, 250, 33))
    [whole] = merged(left, right)
    expected = left.mask.bitmap() | right.mask.bitmap()
    assert np.array_equal(whole.mask.bitmap(), expected)
    assert whole.box.tolist() == [50, 10, 250, 33]
    assert whole.score == left.score


def test_a_half_that_ends_before_the_edge_is_still_united() -> None:
    """Its mask stops in the strip, farther from the edge than what counts as cut."""
    left, right = view(0, (50, 10, 155, 30)), view(1, (140, 10, 250, 30))
    [whole] = merged(left, right)
    assert whole.mask.extent() == (50, 10, 200, 20)


def test_the_tile_that_saw_everything_decides() -> None:
    whole = view(0, (60, 10, 157, 30), score=0.6)
    piece = view(1, (140, 8, 156, 34), score=0.8)
    [found] = merged(whole, piece)
    assert found.mask == whole.mask
    assert found.box.tolist() == whole.box.tolist()
    assert found.score == 0.8


def test_of_two_that_saw_everything_the_better_one_decides() -> None:
    first, second = view(0, (144, 10, 155, 30), score=0.6), view(1, (145, 10, 156, 30), score=0.7)
    [found] = merged(first, second)
    assert found.mask == second.mask


def test_a_small_piece_of_a_large_object_joins_it() -> None:
    """A tenth of what the other tile shows in the strip."""
    large, piece = view(0, (20, 0, 150, 100)), view(1, (140, 40, 148, 52))
    [found] = merged(large, piece)
    assert found.mask == large.mask


def test_legs_are_joined_by_the_tile_that_shows_the_rest() -> None:
    legs = view(0, (50, 10, 160, 20)), view(0, (50, 60, 160, 70))
    rest = view(1, (140, 10, 250, 20), (140, 60, 250, 70), (240, 10, 250, 70))
    [found] = merged(*legs, rest)
    assert found.mask == Mask.united([legs[0].mask, legs[1].mask, rest.mask])


def test_a_small_whole_object_on_a_large_one_stays() -> None:
    large, small = view(0, (20, 0, 160, 100)), view(1, (146, 40, 154, 52))
    assert len(merged(large, small)) == 2


def test_two_whole_objects_of_one_tile_are_never_one() -> None:
    """The other tile shows them as one; it joins the first."""
    upper, lower = view(0, (142, 10, 155, 40)), view(0, (142, 40, 155, 62))
    both = view(1, (142, 10, 155, 62), score=0.1)
    found = merged(upper, lower, both)
    assert len(found) == 2


def test_other_classes_and_neighbours_stay() -> None:
    left, other = view(0, (50, 10, 160, 30)), view(1, (140, 10, 250, 30), class_id=1)
    assert len(merged(left, other)) == 2
    below = view(1, (140, 30, 250, 50))
    assert len(merged(left, below)) == 2


def test_little_in_common_is_not_enough() -> None:
    left, right = view(0, (50, 10, 160, 30)), view(1, (140, 24, 250, 44))
    assert len(merged(left, right)) == 2


def test_empty_masks_are_compared_by_their_boxes() -> None:
    def boxed(tile: int, *box: float) -> View:
        return View(tile, np.array(box, np.float32), 0.5, 0, Mask.from_crop(*SIZE, 0, 0, NOTHING))

    [whole] = merged(boxed(0, 50, 10, 160, 30), boxed(1, 140, 10.5, 250, 30))
    assert whole.box.tolist() == [50, 10, 250, 30]
    assert whole.mask.area() == 0
    assert len(merged(boxed(0, 50, 10, 160, 30), boxed(1, 140, 60, 250, 90))) == 2
    assert len(merged(boxed(0, 50, 10, 160, 30), view(1, (140, 10, 250, 30)))) == 1
    assert len(merged(boxed(0, 7, 7, 7, 7), boxed(1, 140, 7, 140, 7))) == 2


NOTHING = np.zeros((0, 0), np.uint8)


def test_instances_come_by_falling_score_and_equal_ones_by_tile() -> None:
    views = [view(0, (10 * i, 0, 10 * i + 5, 5), score=s) for i, s in enumerate([0.2, 0.7, 0.7])]
    assert [m.box[0] for m in merged(*views)] == [10, 20, 0]


@pytest.mark.parametrize("seed", range(20))
def test_the_order_of_views_within_a_tile_does_not_matter(seed: int) -> None:
    views = [view(0, (50, 10, 160, 30), score=0.51), view(0, (50, 40, 160, 60), score=0.52)]
    views += [view(1, (140, 10, 250, 30), score=0.53), view(1, (145, 40, 250, 60), score=0.54)]
    views += [view(1, (170, 70, 180, 80), score=0.55)]
    expected = [m.mask for m in merged(*views)]
    shuffled = [views[i] for i in np.random.default_rng(seed).permutation(len(views))]
    assert [m.mask for m in merged(*shuffled)] == expected
