"""The recorded stages of a forward pass, and ours beside them."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import paddle
from parity.reference_data import Array, parity_dir

from instseg_train.models.segmenter import Segmenter


@dataclass(frozen=True)
class StageRecord:
    """Some values of one recorded tensor: `values` stand at the flat C-order `places`."""

    name: str
    shape: tuple[int, ...]
    largest: float  # the largest magnitude of the whole tensor
    places: Array
    values: Array


def stage_records(name: str) -> dict[str, StageRecord]:
    """By name, in the order of the pass; the model's inputs (`input.*`) among them."""
    with np.load(parity_dir() / "forward" / f"{name}.npz") as file:
        record = {key: file[key] for key in file.files}
    found, start = {}, 0
    for (stage, shape, _, count), stats in zip(
        json.loads(str(record["stages"])), record["stage_stats"], strict=True
    ):
        part = slice(start, start + count)
        places, values = record["stage_idx"][part], record["stage_val"][part]
        found[stage] = StageRecord(stage, tuple(shape), float(stats[2]), places, values)
        start += count
    return found


def final_record(name: str) -> dict[str, Array]:
    """The final detections, as the README of the records describes them."""
    with np.load(parity_dir() / "forward" / f"{name}.npz") as file:
        return {key: file[key] for key in file.files if not key.startswith("stage")}


class StageNotFound(Exception):
    """Our model has no such module, or it was not called so often."""


@contextmanager
def recorded_calls(model: Segmenter, names: Sequence[str]) -> Iterator[Callable[[str], Array]]:
    """Records what modules return; yields a function from a stage's name to its tensor.

    `path.i@k` is item i of what module `path` returned in its call k (from 0).
    """
    modules = dict(model.named_sublayers())
    results: dict[str, list[Any]] = {}
    hooks = []
    for path in {_split(name, modules)[0] for name in names} - {""}:
        calls = results.setdefault(path, [])

        def keep(_: Any, __: Any, output: Any, calls: list[Any] = calls) -> None:
            calls.append(output)

        hooks.append(modules[path].register_forward_post_hook(keep))

    def tensor(name: str) -> Array:
        path, indices, call = _split(name, modules)
        if call >= len(results.get(path, [])):
            raise StageNotFound(f"{name}: module {path!r} has {len(results.get(path, []))} calls")
        value = results[path][call]
        for index in indices:
            if not isinstance(value, (list, tuple, paddle.Tensor)) or index >= len(value):
                raise StageNotFound(f"{name}: module {path!r} returns no item {index}")
            value = value[index]
        if not isinstance(value, paddle.Tensor):
            raise StageNotFound(f"{name}: module {path!r} returns a {type(value).__name__}")
        array: Array = value.numpy()
        return array

    try:
        yield tensor
    finally:
        for hook in hooks:
            hook.remove()


def _split(name: str, modules: dict[str, Any]) -> tuple[str, list[int], int]:
    """`path.i.j@k` -> the longest path that is a module ("" if none), [i, j], k."""
    path, _, call = name.partition("@")
    indices: list[int] = []
    while path not in modules:
        match = re.fullmatch(r"(.+)\.(\d+)", path)
        if match is None:
            return "", [], 0
        path = match[1]
        indices.insert(0, int(match[2]))
    return path, indices, int(call or 0)


def stage_differences(
    model: Segmenter, inputs: dict[str, paddle.Tensor], records: dict[str, StageRecord]
) -> dict[str, float]:
    """Largest difference of each stage, relative to the tensor's largest magnitude; NaN where the
    stage is absent in our model, infinity where its shape is another."""
    wanted = [name for name in records if not name.startswith("input.")]
    found = {}
    model.eval()
    with recorded_calls(model, wanted) as tensor, paddle.no_grad():
        model(inputs)
        for name, record in records.items():
            if name.startswith("input."):
                found[name] = difference(record, inputs[name.removeprefix("input.")].numpy())
                continue
            try:
                found[name] = difference(record, tensor(name))
            except StageNotFound:
                found[name] = float("nan")
    return found


def difference(record: StageRecord, ours: Array) -> float:
    if tuple(ours.shape) != record.shape:
        return float("inf")
    apart = np.abs(ours.ravel()[record.places].astype(np.float64) - record.values)
    apart[~np.isfinite(record.values)] = 0  # records keep infinities of masked scores
    return float(apart.max(initial=0) / max(record.largest, 1e-30))
