"""Element-wise operators and reductions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instseg.errors import ModelError

from ..ir.graph import Node
from ..ir.shape_rules import axis_of, fixed_ints
from ..passes.rewriting import scalar
from .builder import OnnxBuilder, onnx_type

Lowering = Callable[[Node, OnnxBuilder], None]


def same(op_type: str) -> Lowering:
    """For operators that ONNX has under another name only."""

    def lower(node: Node, out: OnnxBuilder) -> None:
        out.result(op_type, out.names(node.inputs), node)

    return lower


def scale(node: Node, out: OnnxBuilder) -> None:
    """x * factor + bias, or (x + bias) * factor."""
    dtype, bias = node.output.dtype, node.attrs.get("bias", 0.0)
    x, factor = out.name(node.input(0)), scalar(node.input(1))
    if factor is None:
        raise ModelError("a factor that is not constant is not supported")
    steps = [("Mul", factor), ("Add", bias)]
    if not node.attrs.get("bias_after_scale", True):
        steps.reverse()
    steps = [(op, number) for op, number in steps if number != (1 if op == "Mul" else 0)]
    for op, number in steps[:-1]:
        x = out.add(op, [x, out.constant(np.array(number, dtype), "number")], node)
    op, number = steps[-1] if steps else ("Mul", 1)
    out.result(op, [x, out.constant(np.array(number, dtype), "number")], node)


def clip(node: Node, out: OnnxBuilder) -> None:
    """Limits at the type's own limits are none."""
    dtype = node.output.dtype
    info = np.finfo(dtype) if dtype.kind == "f" else np.iinfo(dtype)
    low, high = scalar(node.input(1)), scalar(node.input(2))
    if low is None or high is None:
        raise ModelError("limits that are not constant are not supported")
    inputs = [out.name(node.input(0)), "", ""]
    if low > info.min:
        inputs[1] = out.constant(np.array(low, dtype), "low")
    if high < info.max:
        inputs[2] = out.constant(np.array(high, dtype), "high")
    out.result("Clip", inputs, node)


def silu(node: Node, out: OnnxBuilder) -> None:
    x = out.name(node.input(0))
    out.result("Mul", [x, out.add("Sigmoid", [x], node)], node)


def hardsigmoid(node: Node, out: OnnxBuilder) -> None:
    """min(max(slope * x + offset, 0), 1)."""
    slope, offset = float(node.attrs["slope"]), float(node.attrs["offset"])
    out.result("HardSigmoid", [out.name(node.input(0))], node, alpha=slope, beta=offset)


def gelu(node: Node, out: OnnxBuilder) -> None:
    """x / 2 * (1 + erf(x / sqrt(2))): the exact form."""
    if node.attrs.get("approximate"):
        raise ModelError("the tanh approximation of GELU is not supported")
    x = out.name(node.input(0))
    root = out.constant(np.array(np.sqrt(2.0), node.output.dtype), "sqrt2")
    one = out.constant(np.array(1.0, node.output.dtype), "one")
    half = out.constant(np.array(0.5, node.output.dtype), "half")
    erf = out.add("Erf", [out.add("Div", [x, root], node)], node)
    grown = out.add("Mul", [x, out.add("Add", [erf, one], node)], node)
    out.result("Mul", [grown, half], node)


def cast(node: Node, out: OnnxBuilder) -> None:
    out.result("Cast", [out.name(node.input(0))], node, to=onnx_type(node.output.dtype))


def reduce(op_type: str) -> Lowering:
    """Axes are an attribute in opset 17, except those of ReduceSum."""

    def lower(node: Node, out: OnnxBuilder) -> None:
        x = out.name(node.input(0))
        axes, keepdims = _axes(node), int(bool(node.attrs.get("keepdim")))
        if op_type == "ReduceSum":
            inputs = [x, out.constant(axes, "axes")]
            out.result(op_type, inputs, node, keepdims=keepdims)
        else:
            out.result(op_type, [x], node, axes=axes, keepdims=keepdims)

    return lower


def any_(node: Node, out: OnnxBuilder) -> None:
    """The maximum of zeros and ones (ONNX has no reduction of bool)."""
    numbers = out.add("Cast", [out.name(node.input(0))], node, to=onnx_type(np.dtype(np.float32)))
    keepdims = int(bool(node.attrs.get("keepdim")))
    largest = out.add("ReduceMax", [numbers], node, axes=_axes(node), keepdims=keepdims)
    out.result("Cast", [largest], node, to=onnx_type(node.output.dtype))


def _axes(node: Node) -> list[int]:
    rank = len(node.input(0).shape)
    given = fixed_ints(node.optional(1)) if node.optional(1) is not None else ()
    return [axis_of(axis, rank) for axis in given] or list(range(rank))
