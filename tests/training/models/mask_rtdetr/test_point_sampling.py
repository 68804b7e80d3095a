"""Reading at points, and the choice of uncertain points, one at a time."""

from __future__ import annotations

import numpy as np
import paddle
from models.mask_rtdetr.drawn_objects import RememberedDraws
from models.mask_rtdetr.slow_sampling import bilinear

from instseg_train.models.mask_rtdetr.point_sampling import at_points, uncertain_points


def test_at_points() -> None:
    random = np.random.default_rng(0)
    planes = random.normal(size=[2, 3, 5, 8]).astype("float32")
    points = random.uniform(0, 1, [2, 4, 6, 2]).astype("float32")
    points[0, 0, :4] = [[0, 0], [1, 1], [0.5 / 8, 0.5 / 5], [1, 0]]
    found = at_points(paddle.to_tensor(planes), paddle.to_tensor(points)).numpy()
    assert found.shape == (2, 3, 4, 6)
    for (image, group, point), _ in np.ndenumerate(points[..., 0]):
        x, y = points[image, group, point].astype("float64")
        expected = bilinear(planes[image].astype("float64"), x, y)
        np.testing.assert_allclose(found[image, :, group, point], expected, rtol=1e-5, atol=1e-5)


def test_a_corner_of_the_image_fades_to_a_quarter() -> None:
    found = at_points(paddle.ones([1, 1, 4, 4]), paddle.to_tensor([[[[0.0, 0.0], [0.5, 0.5]]]]))
    assert found.flatten().tolist() == [0.25, 1.0]


def test_uncertain_points_are_nearest_to_the_border_of_the_mask() -> None:
    random, randomness = np.random.default_rng(1), RememberedDraws()
    masks = random.normal(size=[3, 6, 7]).astype("float32")
    found = uncertain_points(
        paddle.to_tensor(masks), randomness, count=20, oversampling=3.0, uncertain=0.75
    ).numpy()
    candidates, others = randomness.drawn
    assert (candidates.shape, others.shape) == ((3, 60, 2), (3, 5, 2))
    assert found.shape == (3, 20, 2)
    for row, mask in enumerate(masks.astype("float64")):
        unsure = [abs(bilinear(mask[None], *point)[0]) for point in candidates[row].tolist()]
        expected = {tuple(candidates[row, i]) for i in np.argsort(unsure)[:15]}
        assert {tuple(point) for point in found[row, :15]} == expected
        np.testing.assert_array_equal(found[row, 15:], others[row])


def test_without_a_fraction_of_others_none_are_drawn() -> None:
    randomness = RememberedDraws()
    masks = paddle.rand([2, 4, 4])
    found = uncertain_points(masks, randomness, count=8, oversampling=2.0, uncertain=1.0)
    assert found.shape == [2, 8, 2]
    assert len(randomness.drawn) == 1
