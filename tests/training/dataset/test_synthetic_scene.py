"""Pictures and masks of drawn scenes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from instseg.errors import InvalidArgument
from instseg_train.dataset.synthetic_scene import CLASSES, SceneOptions, draw_scene

SMALL = SceneOptions(height=96, width=128, objects=(2, 9), radius=(0.08, 0.25))


@pytest.mark.parametrize("seed", range(8))
def test_a_scene_has_disjoint_masks_that_are_large_enough(seed: int) -> None:
    scene = draw_scene(np.random.default_rng(seed), SMALL)
    assert scene.image.shape == (96, 128, 3)
    assert scene.image.dtype == np.uint8
    assert scene.masks.dtype == np.bool_
    assert scene.masks.sum(0).max(initial=0) <= 1
    assert len(scene.class_ids) == len(scene.masks)
    assert all(0 <= class_id < len(CLASSES) for class_id in scene.class_ids)
    assert all(np.count_nonzero(mask) >= 60 * SMALL.least_visible / 2 for mask in scene.masks)


def test_the_same_state_draws_the_same_scene() -> None:
    first, second = (draw_scene(np.random.default_rng(5), SMALL) for _ in range(2))
    assert np.array_equal(first.image, second.image)
    assert np.array_equal(first.masks, second.masks)
    other = draw_scene(np.random.default_rng(6), SMALL)
    assert not np.array_equal(first.image, other.image)


def test_a_mask_lies_where_its_object_was_painted() -> None:
    """With the same background and light, pixels differ inside the masks most of all."""
    scene = draw_scene(np.random.default_rng(11), SMALL)
    painted = scene.masks.any(0)
    assert 0.02 < painted.mean() < 0.9
    grey = scene.image.astype(np.float64).mean(2)
    for mask in scene.masks:
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        inside = grey[mask]
        assert inside.size == np.count_nonzero(mask)
        assert rows[-1] - rows[0] < 0.8 * SMALL.height
        assert columns[-1] - columns[0] < 0.8 * SMALL.width


def test_no_object_may_be_asked_for() -> None:
    empty = draw_scene(np.random.default_rng(0), SceneOptions(height=64, width=64, objects=(0, 0)))
    assert empty.masks.shape == (0, 64, 64)
    assert empty.class_ids == ()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"objects": (5, 3)}, r"objects is \(5, 3\); give the fewest, then the most"),
        ({"radius": (0.2, 0.1)}, "smallest first"),
        ({"height": 0}, "the picture is 0 x 320"),
        ({"least_visible": 1.5}, "least_visible is 1.5"),
    ],
)
def test_bad_options_are_errors(options: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidArgument, match=message):
        SceneOptions(**options)
