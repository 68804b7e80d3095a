"""The running average of the weights, which is what is evaluated and exported."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import paddle

from instseg_train.models.segmenter import Segmenter
from instseg_train.trainer.recipes import Recipe


class WeightAverage:
    """Exponential moving average of every floating tensor of the state dict (statistics too).

    It begins with the weights themselves. Source: arXiv:1703.01780 sec. 2; the rise of the decay as
    PaddleDetection ema.py.
    """

    def __init__(self, model: Segmenter, recipe: Recipe, decay: float):
        self._model, self._ramp, self._decay = model, recipe.ema_ramp, decay
        self.updates = 0
        self._average = {
            name: value.detach().astype("float32").clone()
            for name, value in model.state_dict().items()
            if paddle.is_floating_point(value)
        }

    def decay_at(self, update: int) -> float:
        if self._ramp == "exponential":
            return self._decay * (1 - math.exp(-(update + 1) / 2000))
        return min(self._decay, (1 + update) / (10 + update))

    @paddle.no_grad()
    def update(self) -> None:
        """After each step of the optimiser."""
        decay = self.decay_at(self.updates)
        weights = self._model.state_dict()
        for name, average in self._average.items():
            average.scale_(decay).add_(weights[name].astype("float32").scale(1 - decay))
        self.updates += 1

    def state(self) -> dict[str, Any]:
        """The whole state dict with averages in place of the weights."""
        weights = self._model.state_dict()
        return {
            name: self._average[name].astype(value.dtype) if name in self._average else value
            for name, value in weights.items()
        }

    @paddle.no_grad()
    def restore(self, state: Mapping[str, Any], updates: int) -> None:
        for name, average in self._average.items():
            average.set_value(paddle.to_tensor(state[name]).astype("float32"))
        self.updates = updates

    @contextmanager
    def applied(self) -> Iterator[None]:
        """Within the block the model has the averaged weights."""
        own = {name: value.clone() for name, value in self._model.state_dict().items()}
        self._model.set_state_dict(self.state())
        try:
            yield
        finally:
            self._model.set_state_dict(own)
