"""The optimiser of a run, and its state by the names of parameters."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import paddle

from instseg.errors import ModelError
from instseg_train.models.segmenter import Segmenter
from instseg_train.trainer.recipes import Recipe

Arrays = dict[str, Any]

_MASTER = "master_weights"
_SCHEDULER = "LR_Scheduler"


def trained_parameters(model: Segmenter) -> dict[str, Any]:
    """Name in the state dict -> parameter, of those that learn."""
    return {name: p for name, p in model.named_parameters() if not p.stop_gradient}


def build_optimizer(model: Segmenter, recipe: Recipe, *, master_weights: bool = False) -> Any:
    """The recipe's optimiser over the model's parameters, at rate 0 (`set_lr` before each step).

    master_weights: float32 copies of float16 parameters are updated (AMP level O2).
    """
    clip = None if recipe.clip_norm is None else paddle.nn.ClipGradByGlobalNorm(recipe.clip_norm)
    common = {
        "learning_rate": 0.0,
        "parameters": list(trained_parameters(model).values()),
        "grad_clip": clip,
        "multi_precision": master_weights,
    }
    if recipe.optimizer == "adamw":
        return paddle.optimizer.AdamW(weight_decay=recipe.weight_decay, **common)
    decay = paddle.regularizer.L2Decay(recipe.weight_decay)
    return paddle.optimizer.Momentum(momentum=0.9, weight_decay=decay, **common)


def optimizer_state(optimizer: Any, model: Segmenter) -> Arrays:
    """`PARAMETER/ACCUMULATOR` -> array. Paddle's own keys carry names that count the layers made in
    the process, and fit that process only."""
    by_length = sorted(
        ((p.name, name) for name, p in trained_parameters(model).items()),
        key=lambda pair: -len(pair[0]),
    )

    def renamed(key: str) -> str:
        for internal, name in by_length:
            if key == internal or key.startswith(internal + "_"):
                return f"{name}/{key[len(internal) :]}"
        raise ModelError(f"the optimiser's state {key} belongs to no parameter of the model")

    state: Arrays = {}
    for key, value in optimizer.state_dict().items():
        if key == _MASTER:
            for internal, weight in value.items():
                state[f"{_MASTER}:{renamed(internal)}"] = weight.numpy()
        elif key != _SCHEDULER:
            state[renamed(key)] = value.numpy()
    return state


def set_optimizer_state(optimizer: Any, model: Segmenter, state: Mapping[str, Any]) -> None:
    """Takes back what `optimizer_state` gave, into a fresh optimiser.

    Raises ModelError for state of other parameters.
    """
    parameters = trained_parameters(model)
    own: dict[str, Any] = {}
    masters: dict[str, Any] = {}
    for key, value in state.items():
        master = key.startswith(f"{_MASTER}:")
        name, _, accumulator = key.removeprefix(f"{_MASTER}:").partition("/")
        if name not in parameters:
            raise ModelError(
                f"the optimiser's state holds {name}, which this model does not train; resume with "
                "the configuration of the run that is resumed"
            )
        target = masters if master else own
        target[parameters[name].name + accumulator] = paddle.to_tensor(np.asarray(value))
    if masters:
        own[_MASTER] = masters
    if own:
        optimizer.set_state_dict(own)
