"""Operators that move, join, cut and repeat tensors, and those that deal with sizes."""

from __future__ import annotations

import numpy as np

from instseg.errors import ModelError

from ..ir.dims import reshape_target
from ..ir.graph import Node
from ..ir.shape_rules import axis_of, fixed_int, fixed_ints
from .builder import OnnxBuilder, onnx_type

INT64 = np.dtype(np.int64)


def reshape(node: Node, out: OnnxBuilder) -> None:
    out.result("Reshape", [out.name(node.input(0)), _int64(node, 1, out)], node)


def flatten(node: Node, out: OnnxBuilder) -> None:
    target = reshape_target(node.input(0).shape, node.output.shape)
    if target is None:
        raise ModelError("merging axes while several sizes are open is not supported")
    out.result("Reshape", [out.name(node.input(0)), out.constant(target, "shape")], node)


def transpose(node: Node, out: OnnxBuilder) -> None:
    out.result("Transpose", [out.name(node.input(0))], node, perm=list(node.attrs["perm"]))


def squeeze(node: Node, out: OnnxBuilder) -> None:
    x = node.input(0)
    axes = [axis_of(axis, len(x.shape)) for axis in fixed_ints(node.input(1))]
    axes = [axis for axis in axes or range(len(x.shape)) if x.shape[axis] == 1]
    out.result("Squeeze", [out.name(x), out.constant(axes, "axes")], node)


def unsqueeze(node: Node, out: OnnxBuilder) -> None:
    """Paddle inserts the axes one after the other, ONNX all at once."""
    is_new = [False] * len(node.input(0).shape)
    for axis in fixed_ints(node.input(1)):
        is_new.insert(axis_of(axis, len(is_new) + 1), True)
    axes = [axis for axis, new in enumerate(is_new) if new]
    out.result("Unsqueeze", [out.name(node.input(0)), out.constant(axes, "axes")], node)


def concat(node: Node, out: OnnxBuilder) -> None:
    axis = axis_of(fixed_int(node.inputs[-1]), len(node.output.shape))
    out.result("Concat", out.names(node.inputs[:-1]), node, axis=axis)


def stack(node: Node, out: OnnxBuilder) -> None:
    axis = axis_of(node.attrs["axis"], len(node.output.shape))
    axes = out.constant([axis], "axes")
    parts = [out.add("Unsqueeze", [name, axes], node) for name in out.names(node.inputs)]
    out.result("Concat", parts, node, axis=axis)


def split(node: Node, out: OnnxBuilder) -> None:
    x = node.input(0)
    axis = axis_of(fixed_int(node.input(2)), len(x.shape))
    sizes = [int(value.shape[axis]) for value in node.outputs]  # type: ignore[arg-type]
    out.result("Split", [out.name(x), out.constant(sizes, "sizes")], node, axis=axis)


def slice_(node: Node, out: OnnxBuilder) -> None:
    """Cuts, then drops the axes in `decrease_axis`."""
    x = node.input(0)
    axes = [axis_of(axis, len(x.shape)) for axis in node.attrs["axes"]]
    inputs = [out.name(x), _int64(node, 1, out), _int64(node, 2, out), out.constant(axes, "axes")]
    dropped = [axis_of(axis, len(x.shape)) for axis in node.attrs.get("decrease_axis") or []]
    if not dropped:
        out.result("Slice", inputs, node)
        return
    part = out.add("Slice", inputs, node)
    out.result("Squeeze", [part, out.constant(dropped, "axes")], node)


def expand(node: Node, out: OnnxBuilder) -> None:
    """-1 keeps a size; for ONNX that is 1."""
    target = node.input(1)
    if target.constant:
        sizes = [abs(int(size)) for size in target.array().reshape(-1)]
        name = out.constant(sizes, "shape")
    else:
        name = out.add("Max", [_int64(node, 1, out), out.constant([1], "keep")], node)
    out.result("Expand", [out.name(node.input(0)), name], node)


def tile(node: Node, out: OnnxBuilder) -> None:
    """Repeats; missing axes are added in front."""
    x, repeats = node.input(0), node.input(1)
    if len(x.shape) != repeats.shape[0]:
        raise ModelError(f"{x} is repeated along {repeats.shape} axes")
    out.result("Tile", [out.name(x), _int64(node, 1, out)], node)


def shape(node: Node, out: OnnxBuilder) -> None:
    x = out.name(node.input(0))
    if node.output.dtype == INT64:
        out.result("Shape", [x], node)
        return
    out.result("Cast", [out.add("Shape", [x], node)], node, to=onnx_type(node.output.dtype))


def arange(node: Node, out: OnnxBuilder) -> None:
    """Limits are tensors of one element; ONNX wants scalars."""
    target = out.constant(np.array([], np.int64), "scalar")
    limits = [
        out.add("Reshape", [_cast(node, i, out, node.output.dtype), target], node) for i in range(3)
    ]
    out.result("Range", limits, node)


def linspace(node: Node, out: OnnxBuilder) -> None:
    """From the start in steps, and in the second half from the end back, as Paddle computes it."""
    dtype = node.output.dtype
    if dtype.kind != "f":
        raise ModelError(f"a range of {dtype} is not supported")

    def number(value: float | int, kind: np.dtype[np.generic] = dtype) -> str:
        return out.constant(np.array(value, kind), "number")

    scalar = out.constant(np.array([], np.int64), "scalar")
    start, stop = (out.add("Reshape", [_cast(node, i, out, dtype), scalar], node) for i in range(2))
    count = out.add("Reshape", [_int64(node, 2, out), scalar], node)
    last = out.add("Sub", [count, number(1, INT64)], node)
    steps = out.add("Max", [last, number(1, INT64)], node)
    span = out.add("Sub", [stop, start], node)
    steps = out.add("Cast", [steps], node, to=onnx_type(dtype))
    step = out.add("Div", [span, steps], node)
    index = out.add("Range", [number(0, INT64), count, number(1, INT64)], node)

    def times_step(count: str) -> str:
        return out.add("Mul", [step, out.add("Cast", [count], node, to=onnx_type(dtype))], node)

    rising = out.add("Add", [start, times_step(index)], node)
    falling = out.add("Sub", [stop, times_step(out.add("Sub", [last, index], node))], node)
    half = out.add("Div", [count, number(2, INT64)], node)
    middle = out.add("Max", [half, number(1, INT64)], node)  # a single number is the start
    first_half = out.add("Less", [index, middle], node)
    out.result("Where", [first_half, rising, falling], node)


def meshgrid(node: Node, out: OnnxBuilder) -> None:
    """Every vector along its own axis, repeated along the others."""
    rank = len(node.inputs)
    one = out.constant([1], "one")
    lengths = [
        out.add("Reshape", [out.add("Shape", [name], node), one], node)
        for name in out.names(node.inputs)
    ]
    shape = out.add("Concat", lengths, node, axis=0)
    for axis, (name, output) in enumerate(zip(out.names(node.inputs), node.outputs, strict=True)):
        others = out.constant([other for other in range(rank) if other != axis], "axes")
        column = out.add("Unsqueeze", [name, others], node)
        out.add("Expand", [column, shape], node, [out.name(output)])


def gather_nd(node: Node, out: OnnxBuilder) -> None:
    inputs = [out.name(node.input(0)), _int64(node, 1, out)]
    out.result("GatherND", inputs, node, batch_dims=int(node.attrs.get("batch_dims", 0)))


def topk(node: Node, out: OnnxBuilder) -> None:
    k = out.constant([fixed_int(node.input(1))], "k")
    out.result(
        "TopK",
        [out.name(node.input(0)), k],
        node,
        axis=int(node.attrs["axis"]),
        largest=int(node.attrs.get("largest", True)),
        sorted=int(node.attrs.get("sorted", True)),
    )


def _int64(node: Node, position: int, out: OnnxBuilder) -> str:
    return out.cast(node.input(position), INT64, node)


def _cast(node: Node, position: int, out: OnnxBuilder, dtype: np.dtype[np.generic]) -> str:
    return out.cast(node.input(position), dtype, node)
