"""A few training steps on one batch."""

from __future__ import annotations

from typing import Any

import paddle

from instseg_train.models.segmenter import Segmenter


def losses_of_steps(
    model: Segmenter,
    inputs: dict[str, Any],
    steps: int,
    learning_rate: float,
    optimiser: type[paddle.optimizer.Optimizer] = paddle.optimizer.Adam,
) -> list[float]:
    """The total loss before each step."""
    stepper = optimiser(learning_rate, parameters=model.parameters())
    values = []
    for _ in range(steps):
        loss = model(inputs)["loss"]
        loss.backward()
        stepper.step()
        stepper.clear_grad()
        values.append(float(loss))
    return values
