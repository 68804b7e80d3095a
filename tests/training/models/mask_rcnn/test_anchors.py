"""Anchors, against loops over levels, pixels, sizes and ratios."""

from __future__ import annotations

import math

import numpy as np
import paddle

from instseg_train.models.mask_rcnn.anchors import AnchorGrid

RATIOS = (0.5, 1.0, 2.0)


def slow_anchors(
    sizes: list[float], stride: int, height: int, width: int
) -> list[tuple[float, float, float, float]]:
    anchors = []
    for y in range(height):
        for x in range(width):
            for size in sizes:
                for ratio in RATIOS:
                    half_width = size / math.sqrt(ratio) / 2
                    half_height = size * math.sqrt(ratio) / 2
                    anchors.append(
                        (
                            x * stride - half_width,
                            y * stride - half_height,
                            x * stride + half_width,
                            y * stride + half_height,
                        )
                    )
    return anchors


def test_levels_of_a_pyramid_equal_the_loops() -> None:
    grid = AnchorGrid([[32.0], [64.0]], (4, 8))
    maps = [paddle.zeros([2, 5, 6, 7]), paddle.zeros([2, 5, 3, 4])]
    expected = [slow_anchors([32.0], 4, 6, 7), slow_anchors([64.0], 8, 3, 4)]
    for level, wanted in zip(grid(maps), expected, strict=True):
        assert level.dtype == paddle.float32
        np.testing.assert_allclose(level.numpy(), wanted, rtol=1e-6, atol=1e-5)
    assert grid.per_cell == 3


def test_one_map_with_all_sizes_equals_the_loops() -> None:
    sizes = [32.0, 64.0, 128.0, 256.0, 512.0]
    grid = AnchorGrid([sizes], (16,))
    [found] = grid([paddle.zeros([1, 8, 3, 5])])
    np.testing.assert_allclose(found.numpy(), slow_anchors(sizes, 16, 3, 5), rtol=1e-6, atol=1e-5)
    assert grid.per_cell == 15


def test_an_anchor_has_the_area_and_ratio_it_is_named_for() -> None:
    [found] = AnchorGrid([[40.0]], (16,))([paddle.zeros([1, 1, 1, 1])])
    width, height = (found[:, 2:] - found[:, :2]).numpy().T
    np.testing.assert_allclose(width * height, 1600, rtol=1e-5)
    np.testing.assert_allclose(height / width, RATIOS, rtol=1e-5)


def test_anchors_are_no_weights() -> None:
    assert AnchorGrid([[32.0]], (4,)).state_dict() == {}
