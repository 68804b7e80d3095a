"""Paddle Inference: a configuration that remembers, predictors that one thread may use."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import paddle

configs: list[Config] = []
predictors: list[Predictor] = []


class Config:
    """calls: what was set, by method -> its arguments."""

    def __init__(self, program: str, parameters: str) -> None:
        self.files = (program, parameters)
        self.calls: dict[str, tuple[Any, ...]] = {}
        configs.append(self)

    def __getattr__(self, method: str) -> Callable[..., None]:
        return lambda *arguments: self.calls.__setitem__(method, arguments)


class Predictor:
    def __init__(self) -> None:
        self.runs = 0
        self._alone = threading.Lock()
        predictors.append(self)

    def clone(self) -> Predictor:
        return Predictor()

    def get_input_names(self) -> list[str]:
        return ["im_shape", "image", "scale_factor"]

    def get_output_names(self) -> list[str]:
        return list(paddle.outputs)

    def run(self, tensors: list[paddle.Tensor]) -> list[paddle.Tensor]:
        assert self._alone.acquire(blocking=False), "two threads use one predictor"
        try:
            time.sleep(0.005)
            self.runs += 1
            inputs = dict(zip(self.get_input_names(), tensors, strict=True))
            found = paddle.program({name: tensor.array for name, tensor in inputs.items()})
            place = inputs["image"].place
            return [paddle.Tensor(found[name], place) for name in paddle.outputs]
        finally:
            self._alone.release()


def create_predictor(config: Config) -> Predictor:
    return Predictor()
