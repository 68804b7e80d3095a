"""Exactly segmented discs: tiles find each once, whole, wherever their edges lie."""

import itertools
from typing import Any

import numpy as np
import pytest
from disc_scene import DiscScene

from instseg.image_arrays import Pixels
from instseg.tiling.grid import Tiling, check_tiling, tiles_of
from instseg.tiling.tiled_prediction import CoreResult, predict_tiled


def segment(scene: DiscScene, tile: Any, overlap: Any = 0.2, **options: Any) -> CoreResult:
    tiling = check_tiling(tile, overlap)
    assert tiling is not None
    return predict_tiled(scene.predict, Pixels(scene.image, "gray"), tiling, options)


def check_every_disc_is_found_once(scene: DiscScene, found: CoreResult) -> None:
    """Against the truth: each disc's mask, box, class and best score."""
    missing = set(range(len(scene.discs)))
    assert found.image_size == (scene.height, scene.width)
    for box, score, class_id, mask in zip(
        found.boxes, found.scores, found.class_ids, found.masks, strict=True
    ):
        bitmap = mask.bitmap()
        [number] = [i for i in missing if np.array_equal(scene.bitmap(i), bitmap)]
        missing.remove(number)
        y, x = np.nonzero(bitmap)
        assert box.tolist() == [x.min(), y.min(), x.max() + 1, y.max() + 1]
        assert class_id == scene.discs[number][3]
        assert score <= scene.score(number, int(bitmap.sum())) + 1e-6
    assert not missing
    assert found.scores.tolist() == sorted(found.scores.tolist(), reverse=True)


def scattered(seed: int, height: int, width: int, count: int) -> DiscScene:
    """Discs of all sizes that do not overlap (some touch), of two classes."""
    random = np.random.default_rng(seed)
    discs: list[tuple[float, float, float, int]] = []
    for _ in range(count * 20):
        x, y = random.uniform(0, width), random.uniform(0, height)
        room = min((np.hypot(x - a, y - b) - r for a, b, r, _ in discs), default=1e9)
        radius = min(random.uniform(1.5, 30), room)  # room: they touch
        if radius >= 1.5 and len(discs) < count:
            discs.append((x, y, radius, int(random.integers(2))))
    scene = DiscScene(height, width, discs)
    return DiscScene(height, width, [d for i, d in enumerate(discs) if scene.bitmap(i).any()])


@pytest.mark.parametrize("tile", [40, 64, 100, (50, 90), (300, 70)])
@pytest.mark.parametrize("overlap", [0.2, 0.5, 7])
def test_scattered_discs(tile: Any, overlap: Any) -> None:
    for seed in range(3):
        scene = scattered(seed, 230, 310, 40)
        check_every_disc_is_found_once(scene, segment(scene, tile, overlap))


@pytest.mark.parametrize("overlap", [1, 2, 10, 25])
def test_discs_at_the_corners_where_four_tiles_meet(overlap: int) -> None:
    """At every place of its centre around the corner, with radii below and above the overlap."""
    tiles = tiles_of(100, 100, Tiling(56, 56, overlap, overlap))
    corners = {(t.x, t.y) for t in tiles if t.x and t.y}
    for x, y in corners:
        for dx, dy, radius in itertools.product((-9, -1, 0, 4.5), (-9, 0, 3.3), (3, 8.2, 30)):
            scene = DiscScene(100, 100, [(x + dx, y + dy, radius, 0)])
            check_every_disc_is_found_once(scene, segment(scene, 56, overlap))


def test_a_disc_larger_than_many_tiles() -> None:
    scene = DiscScene(200, 220, [(110, 100, 95, 0)])
    found = segment(scene, 40, 8)
    assert len(scene.tiles_seen) > 30
    check_every_disc_is_found_once(scene, found)


def test_discs_that_touch_are_two() -> None:
    """In a row along an edge, across it, and in the shared strip; also with one pixel in common."""
    for shift in range(-12, 13):
        for gap in (-1, 0, 1):
            discs = [(50.0 + shift + i * (16 + gap), 50.0, 8.0, 0) for i in range(-2, 3)]
            discs += [(50.0 + shift, 50 + i * (16.0 + gap), 8.0, 0) for i in (-2, -1, 1, 2)]
            scene = DiscScene(100, 100, discs)
            check_every_disc_is_found_once(scene, segment(scene, 56, 12))


def test_discs_on_top_of_others_and_of_other_classes() -> None:
    scene = DiscScene(
        120, 120, [(60, 60, 50, 0), (60, 60, 6, 0), (40, 60, 9, 1), (60, 80, 12, 0), (83, 60, 2, 1)]
    )
    for tile in (44, 70, 90):
        check_every_disc_is_found_once(scene, segment(scene, tile, 20))


def test_max_detections_counts_whole_discs() -> None:
    scene = scattered(3, 200, 200, 30)
    all_found = segment(scene, 64)
    few = segment(scene, 64, max_detections=5)
    assert few.scores.tolist() == all_found.scores.tolist()[:5]
    assert few.masks == all_found.masks[:5]


def test_nothing_in_the_picture() -> None:
    found = segment(DiscScene(100, 100, []), 40)
    assert found.boxes.shape == (0, 4)
    assert found.masks == []
    assert found.scores.dtype == np.float32


def test_a_small_picture_is_predicted_as_it_is() -> None:
    scene = DiscScene(40, 40, [(20, 20, 10, 0)])
    found = segment(scene, 64, max_detections=3)
    assert scene.tiles_seen == [(40, 40)]
    check_every_disc_is_found_once(scene, found)


def test_tiles_side_by_side_give_the_same() -> None:
    scene = scattered(4, 230, 310, 40)
    tiling = Tiling(64, 64, 12, 12)
    pixels = Pixels(scene.image, "gray")
    one = predict_tiled(scene.predict, pixels, tiling, {})
    three = predict_tiled(scene.predict, pixels, tiling, {}, num_streams=3)
    assert one.masks == three.masks
    assert np.array_equal(one.boxes, three.boxes)
    assert np.array_equal(one.scores, three.scores)


def test_timings_are_sums() -> None:
    scene = DiscScene(100, 100, [(50, 50, 10, 0)])
    found = segment(scene, 56, 12)
    assert len(scene.tiles_seen) == 4
    assert found.timings["network_ms"] == 4
    assert found.timings["postprocess_ms"] > 0
