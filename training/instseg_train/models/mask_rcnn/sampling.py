"""The random choices of training: which boxes count as examples."""

from __future__ import annotations

from typing import Protocol

import paddle
from paddle import Tensor


class Sampler(Protocol):
    """Chooses among candidates; a model has one, `model.sampler`, which may be replaced."""

    def __call__(self, candidates: Tensor, most: int) -> Tensor:
        """int64 [n] -> int64 [min(n, most)], without repetition."""
        ...


class RandomSampler:
    """Every candidate is as likely; from Paddle's generator (`paddle.seed`)."""

    def __call__(self, candidates: Tensor, most: int) -> Tensor:
        count = candidates.shape[0]
        if count <= most:
            return candidates
        return candidates.gather(paddle.randperm(count)[:most])


class FirstSampler:
    """The first candidates, for reproducible comparisons."""

    def __call__(self, candidates: Tensor, most: int) -> Tensor:
        return candidates[:most]


def balanced(
    label: Tensor, size: int, foreground_fraction: float, sampler: Sampler
) -> tuple[Tensor, Tensor]:
    """Chooses `size` examples of label int32 [A] (1 foreground, 0 background, -1 neither).

    At most foreground_fraction of them are foreground; background fills up (arXiv:1506.01497,
    section 3.1.3; arXiv:1504.08083, section 2.3). Returns int64 [f] and [b], places in `label`.
    """
    foreground = sampler(paddle.nonzero(label == 1).flatten(), int(size * foreground_fraction))
    background = paddle.nonzero(label == 0).flatten()
    return foreground, sampler(background, size - foreground.shape[0])
