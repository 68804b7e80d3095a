"""The recorded training step, and ours beside it."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
from parity.reference_data import loss_inputs, loss_record

from instseg_train.models.segmenter import Segmenter


def training_step(
    model: Segmenter, inputs: dict[str, Any]
) -> tuple[dict[str, float], dict[str, float]]:
    """Losses by name, and the L2 norm of the gradient of each trainable parameter that has one."""
    model.train()
    losses = model(inputs)
    losses["loss"].backward()
    norms = {
        name: float(np.linalg.norm(parameter.grad.numpy().astype(np.float64)))
        for name, parameter in model.named_parameters()
        if not parameter.stop_gradient and parameter.grad is not None
    }
    return {name: float(value) for name, value in losses.items()}, norms


def step_differences(name: str, model: Segmenter, **more_truth: Any) -> dict[str, float]:
    """Relative differences of every loss, of each recorded gradient norm, and of the whole
    gradient's norm (`gradient`); NaN where ours lacks it. more_truth: one family's own inputs."""
    record = loss_record(name)
    losses, norms = training_step(model, {**loss_inputs(name), **more_truth})
    found = {
        loss: _relative(losses.get(loss, float("nan")), value)
        for loss, value in record["losses"].items()
    }
    for parameter, value in record["gradient_l2"].items():
        found[f"gradient of {parameter}"] = _relative(norms.get(parameter, float("nan")), value)
    whole = float(np.sqrt(sum(norm**2 for norm in norms.values())))
    found["gradient"] = _relative(whole, record["gradient_l2_all"])
    return found


def _relative(ours: float, reference: float) -> float:
    return abs(ours - reference) / max(abs(reference), 1e-12)


def normalisation_modes(model: Segmenter) -> dict[str, dict[str, int]]:
    """How each batch norm runs in training mode, counted per top module: `global_stats` (running
    statistics) or `batch_stats`."""
    counts: dict[str, dict[str, int]] = {}
    for path, layer in model.named_sublayers():
        if isinstance(layer, (paddle.nn.BatchNorm2D, paddle.nn.BatchNorm)):
            fixed = bool(layer._use_global_stats) or not layer.training
            mode = "global_stats" if fixed else "batch_stats"
            top = counts.setdefault(path.split(".")[0], {})
            top[mode] = top.get(mode, 0) + 1
    return counts
