"""What each operator computes, in NumPy, for operands that are all constant (table at the end)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from instseg.errors import ModelError

from ..ir.graph import Array, Node
from ..ir.shape_rules import axis_of

Evaluator = Callable[[Node, list[Array]], list[Array]]


def scale(node: Node, x: list[Array]) -> list[Array]:
    data, factor = x[0], x[1].reshape(-1)[0].astype(x[0].dtype)
    bias = np.array(node.attrs.get("bias", 0.0)).astype(data.dtype)
    if node.attrs.get("bias_after_scale", True):
        return [data * factor + bias]
    return [(data + bias) * factor]


def full(node: Node, x: list[Array]) -> list[Array]:
    return [np.full(node.attrs["shape"], node.attrs["value"], node.output.dtype)]


def full_int_array(node: Node, x: list[Array]) -> list[Array]:
    return [np.array(node.attrs["value"], node.output.dtype)]


def assign_value(node: Node, x: list[Array]) -> list[Array]:
    return [np.array(node.attrs["values"]).astype(node.output.dtype).reshape(node.attrs["shape"])]


def full_like(node: Node, x: list[Array]) -> list[Array]:
    return [np.full(x[0].shape, x[1].reshape(-1)[0]).astype(node.output.dtype)]


def arange(node: Node, x: list[Array]) -> list[Array]:
    start, end, step = (operand.reshape(-1)[0] for operand in x)
    return [np.arange(start, end, step).astype(node.output.dtype)]


def meshgrid(node: Node, x: list[Array]) -> list[Array]:
    return [np.ascontiguousarray(grid) for grid in np.meshgrid(*x, indexing="ij")]


def slice_(node: Node, x: list[Array]) -> list[Array]:
    data, starts, ends = x
    cut = [slice(None)] * data.ndim
    for axis, start, end in zip(node.attrs["axes"], starts.flat, ends.flat, strict=True):
        cut[axis_of(axis, data.ndim)] = slice(int(start), int(end))
    return [data[tuple(cut)].reshape(_shape(node))]


def split(node: Node, x: list[Array]) -> list[Array]:
    axis, sizes = int(x[-1].reshape(-1)[0]), []
    for value in node.outputs:
        sizes.append(int(value.shape[axis_of(axis, len(value.shape))]))  # type: ignore[arg-type]
    return np.split(x[0], np.cumsum(sizes)[:-1], axis)


def concat(node: Node, x: list[Array]) -> list[Array]:
    return [np.concatenate(x[:-1], int(x[-1].reshape(-1)[0]))]


def reshaped(node: Node, x: list[Array]) -> list[Array]:
    """reshape, flatten, squeeze, unsqueeze: only the shape changes."""
    return [x[0].reshape(_shape(node))]


def expand(node: Node, x: list[Array]) -> list[Array]:
    return [np.broadcast_to(x[0], _shape(node))]


def reduce(function: Callable[..., Any]) -> Evaluator:
    def evaluate(node: Node, x: list[Array]) -> list[Array]:
        axes = tuple(int(axis) for axis in x[1].flat) if len(x) > 1 and x[1].size else None
        result = function(x[0], axis=axes, keepdims=bool(node.attrs.get("keepdim")))
        return [np.asarray(result).astype(node.output.dtype)]

    return evaluate


def clip(node: Node, x: list[Array]) -> list[Array]:
    low, high = (limit.reshape(-1)[0].astype(x[0].dtype) for limit in x[1:])
    return [np.clip(x[0], low, high)]


def floor_divide(node: Node, x: list[Array]) -> list[Array]:
    if not np.all(x[1]):
        raise ModelError("division by zero")
    return [x[0] // x[1]]


def of(function: Callable[..., Any]) -> Evaluator:
    """For operators that are one NumPy function of all their operands."""

    def evaluate(node: Node, x: list[Array]) -> list[Array]:
        with np.errstate(all="ignore"):
            return [np.asarray(function(*x)).astype(node.output.dtype)]

    return evaluate


def _shape(node: Node) -> tuple[int, ...]:
    return tuple(int(dim) for dim in node.output.shape)  # type: ignore[arg-type]


EVALUATORS: dict[str, Evaluator] = {
    "full": full,
    "full_int_array": full_int_array,
    "assign_value": assign_value,
    "full_like": full_like,
    "arange": arange,
    "meshgrid": meshgrid,
    "identity": of(lambda x: x),
    "cast": of(lambda x: x),
    "scale": scale,
    "clip": clip,
    "add": of(np.add),
    "subtract": of(np.subtract),
    "multiply": of(np.multiply),
    "divide": of(np.true_divide),
    "maximum": of(np.maximum),
    "minimum": of(np.minimum),
    "floor_divide": floor_divide,
    "greater_than": of(np.greater),
    "less_than": of(np.less),
    "equal": of(np.equal),
    "where": of(np.where),
    "exp": of(np.exp),
    "log": of(np.log),
    "floor": of(np.floor),
    "slice": slice_,
    "split": split,
    "concat": concat,
    "stack": lambda node, x: [np.stack(x, node.attrs["axis"])],
    "transpose": lambda node, x: [x[0].transpose(node.attrs["perm"])],
    "reshape": reshaped,
    "flatten": reshaped,
    "squeeze": reshaped,
    "unsqueeze": reshaped,
    "expand": expand,
    "tile": lambda node, x: [np.tile(x[0], [int(n) for n in x[1].flat])],
    "max": reduce(np.max),
    "min": reduce(np.min),
    "sum": reduce(np.sum),
    "any": reduce(np.any),
}
