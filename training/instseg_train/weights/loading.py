"""Fits weights to a model: what is missing, left over or of another shape is reported."""

from __future__ import annotations

import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
from paddle import nn

from instseg.errors import InvalidArgument, ModelError
from instseg_train.weights.checkpoint import Arrays, arrays_only, read_checkpoint
from instseg_train.weights.store import fetch_weights, is_url

_log = logging.getLogger("instseg_train")

Weights = str | os.PathLike[str] | Mapping[str, Any]


@dataclass(frozen=True)
class WeightsReport:
    """What became of each tensor, by the model's names.

    loaded      taken over as they are
    adapted     tensors of class heads, for another class count: left as initialised
    missing     in the model, not in the weights
    unexpected  in the weights, not in the model
    mismatched  name -> (shape in the model, shape in the weights); left as initialised
    """

    loaded: tuple[str, ...]
    adapted: tuple[str, ...]
    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    mismatched: Mapping[str, tuple[tuple[int, ...], tuple[int, ...]]]

    def __str__(self) -> str:
        parts = [f"{len(self.loaded)} tensors loaded"]
        for what, names in (
            ("class heads initialised anew", self.adapted),
            ("missing", self.missing),
            ("unexpected", self.unexpected),
        ):
            if names:
                parts.append(f"{len(names)} {what} ({_some(names)})")
        if self.mismatched:
            shapes = [f"{n} {list(b)} for {list(a)}" for n, (a, b) in self.mismatched.items()]
            parts.append(f"{len(shapes)} of another shape ({_some(shapes)})")
        return ", ".join(parts)


def load_weights(model: nn.Layer, weights: Weights, *, strict: bool = False) -> WeightsReport:
    """Loads weights into `model` in place and reports what fitted.

    weights   a `.pdparams` file (official ones of PaddleDetection and PaddleX, backbones included),
              its https address (fetched once, then from the cache), or a dict of arrays
    strict    raise ModelError, the model untouched, unless every tensor is loaded

    Names are those of the model's state dict; a file of backbone weights has them without
    `backbone.`, or with it. Tensors whose shape differs only in the number of classes are class
    heads: they stay as initialised and count as adapted. Raises ModelError where nothing fits.
    """
    arrays, origin = _arrays(weights)
    state = model.state_dict()
    arrays = _with_backbone_prefix(arrays, state)
    _share_aliases(arrays, state)
    heads = class_heads(model)
    loaded, adapted, mismatched = [], [], {}
    for name, tensor in state.items():
        if name not in arrays:
            continue
        shape, given = tuple(tensor.shape), arrays[name].shape
        if shape == given:
            loaded.append(name)
        elif name in heads and len(shape) == len(given):
            adapted.append(name)
        else:
            mismatched[name] = (shape, given)
    report = WeightsReport(
        loaded=tuple(loaded),
        adapted=tuple(adapted),
        missing=tuple(name for name in state if name not in arrays),
        unexpected=tuple(name for name in arrays if name not in state),
        mismatched=mismatched,
    )
    if not loaded:
        raise ModelError(f"Nothing of {origin} fits the model: {report}.")
    if strict and len(loaded) < len(state):
        raise ModelError(f"{origin} does not fit the model: {report}.")
    with paddle.no_grad():
        for name in loaded:
            state[name].set_value(_like(arrays[name], state[name]))
    _log.info("%s: %s", origin, report)
    return report


def class_heads(model: nn.Layer) -> frozenset[str]:
    """Names of the tensors whose shape depends on the number of classes; the model lists them in
    `class_head_names`, as prefixes of state dict names."""
    prefixes = tuple(getattr(model, "class_head_names", ()))
    return frozenset(name for name in model.state_dict() if name.startswith(prefixes))


def _arrays(weights: Weights) -> tuple[Arrays, str]:
    if isinstance(weights, Mapping):
        return arrays_only(dict(weights), "the dict of weights"), "the dict of weights"
    if isinstance(weights, (str, os.PathLike)):
        text = os.fspath(weights)
        path = fetch_weights(text) if is_url(text) else Path(text).expanduser()
        return read_checkpoint(path), str(text)
    raise InvalidArgument(
        f"weights is a {type(weights).__name__}; give a path, an https address or a dict of arrays"
    )


def _with_backbone_prefix(arrays: Arrays, state: Mapping[str, Any]) -> Arrays:
    """ImageNet weights name the backbone's tensors from the backbone on."""
    if any(name in state for name in arrays):
        return arrays
    return {f"backbone.{name}": array for name, array in arrays.items()}


def _share_aliases(arrays: Arrays, state: Mapping[str, Any]) -> None:
    """One tensor under two names: given under one, it is given under both."""
    names: dict[int, list[str]] = {}
    for name, tensor in state.items():
        names.setdefault(id(tensor), []).append(name)
    for group in names.values():
        given = [name for name in group if name in arrays]
        for name in group:
            if given:
                arrays.setdefault(name, arrays[given[0]])


def _like(array: npt.NDArray[Any], tensor: paddle.Tensor) -> npt.NDArray[Any]:
    return np.ascontiguousarray(array).astype(tensor.numpy().dtype, copy=False)


def _some(names: Any, most: int = 4) -> str:
    names = list(names)
    shown = ", ".join(names[:most])
    return shown if len(names) <= most else f"{shown} and {len(names) - most} more"
