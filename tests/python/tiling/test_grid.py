"""Tiles cover the image, overlap as asked, and are no more than needed."""

import itertools

import numpy as np
import pytest

from instseg import InvalidArgument
from instseg.tiling.grid import Tiling, check_tiling, tiles_of


def test_every_pixel_lies_in_a_tile_and_neighbours_overlap() -> None:
    for length, side, overlap in itertools.product(range(1, 40), range(2, 20), range(1, 10)):
        if 2 * overlap > side:
            continue
        tiles = tiles_of(7, length, Tiling(side, side, overlap, overlap))
        row = [tile for tile in tiles if tile.y == 0]
        covered = np.zeros(length, int)
        for tile in row:
            assert tile.x >= 0
            assert tile.x + tile.width <= length
            assert tile.width == min(side, length)
            covered[tile.x : tile.x + tile.width] += 1
        assert covered.min() >= 1
        for left, right in itertools.pairwise(row):
            assert left.x + left.width - right.x >= overlap
        # One fewer could not cover the image with this overlap.
        fewer = len(row) - 1
        assert fewer == 0 or fewer * side - (fewer - 1) * overlap < length


def test_rows_follow_each_other() -> None:
    tiles = tiles_of(100, 150, Tiling(60, 80, 10, 10))
    assert [(t.x, t.y) for t in tiles] == [(0, 0), (70, 0), (0, 40), (70, 40)]
    assert {(t.height, t.width) for t in tiles} == {(60, 80)}


def test_an_image_no_larger_than_a_tile_is_one_tile() -> None:
    assert tiles_of(50, 60, Tiling(50, 60, 5, 5)) == [(0, 0, 60, 50)]
    assert tiles_of(1, 60, Tiling(50, 600, 5, 5)) == [(0, 0, 60, 1)]


def test_what_the_caller_may_say() -> None:
    assert check_tiling(None, 0.2) is None
    assert check_tiling(640, 0.2) == Tiling(640, 640, 128, 128)
    assert check_tiling((400, np.int64(800)), 0.25) == Tiling(400, 800, 100, 200)
    assert check_tiling(640, 64) == Tiling(640, 640, 64, 64)
    assert check_tiling(641, 0.5) == Tiling(641, 641, 320, 320)
    assert check_tiling([3, 3], 1e-9) == Tiling(3, 3, 1, 1)


@pytest.mark.parametrize("tile", [0, -5, 1, 2.5, "640", True, (1,), (640, 640, 3), (640, 0)])
def test_tiles_that_are_none(tile: object) -> None:
    with pytest.raises(InvalidArgument, match="tile="):
        check_tiling(tile, 0.2)


@pytest.mark.parametrize("overlap", [0, -1, 51, 0.0, 0.51, 1.0, True, "0.2", None, float("nan")])
def test_overlaps_that_do_not_fit(overlap: object) -> None:
    with pytest.raises(InvalidArgument, match=r"overlap=.*100 pixels.*0\.5.*50 pixels"):
        check_tiling(100, overlap)
