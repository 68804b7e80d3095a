"""The choice of examples: how many, of which kind, and by chance."""

from __future__ import annotations

import numpy as np
import paddle
import pytest

from instseg_train.models.mask_rcnn.sampling import FirstSampler, RandomSampler, balanced


@pytest.mark.parametrize(
    ("foreground", "background", "ignored"),
    [(3, 100, 5), (50, 100, 0), (50, 2, 9), (0, 100, 1), (4, 0, 7), (0, 0, 3), (0, 0, 0)],
)
def test_foreground_first_and_background_fills_up(
    foreground: int, background: int, ignored: int
) -> None:
    random = np.random.default_rng(0)
    labels = random.permutation([1] * foreground + [0] * background + [-1] * ignored)
    label = paddle.to_tensor(labels.astype(np.int32))
    ours, others = balanced(label, 40, 0.25, FirstSampler())
    wanted = [i for i, value in enumerate(labels) if value == 1][:10]
    assert ours.tolist() == wanted
    rest = [i for i, value in enumerate(labels) if value == 0][: 40 - len(wanted)]
    assert others.tolist() == rest


def test_the_random_sampler_repeats_nothing_and_takes_all_where_few() -> None:
    paddle.seed(0)
    candidates = paddle.arange(100, 130)
    chosen = RandomSampler()(candidates, 12).tolist()
    assert len(set(chosen)) == 12
    assert set(chosen) < set(range(100, 130))
    assert RandomSampler()(candidates, 30).tolist() == candidates.tolist()
    assert RandomSampler()(paddle.zeros([0], "int64"), 5).shape == [0]


def test_every_candidate_is_as_likely() -> None:
    paddle.seed(1)
    counts = np.zeros(8)
    for _ in range(2000):
        counts[RandomSampler()(paddle.arange(8), 2).numpy()] += 1
    # 500 expected of each, with a standard deviation of 19.
    np.testing.assert_allclose(counts, 500, atol=100)


def test_random_choices_follow_paddles_seed() -> None:
    def draw(seed: int) -> list[int]:
        paddle.seed(seed)
        chosen: list[int] = RandomSampler()(paddle.arange(1000), 10).tolist()
        return chosen

    assert draw(3) == draw(3) != draw(4)
