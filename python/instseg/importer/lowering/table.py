"""The operators that become ONNX, and how: one short function each."""

from __future__ import annotations

from instseg.errors import ModelError

from ..ir.graph import Node, blame
from . import elementwise, layout, neural
from .builder import OnnxBuilder
from .elementwise import Lowering, same

LOWERINGS: dict[str, Lowering] = {
    "identity": same("Identity"),
    # element-wise
    "add": same("Add"),
    "subtract": same("Sub"),
    "multiply": same("Mul"),
    "divide": same("Div"),
    "maximum": same("Max"),
    "minimum": same("Min"),
    "elementwise_pow": same("Pow"),
    "greater_than": same("Greater"),
    "greater_equal": same("GreaterOrEqual"),
    "less_than": same("Less"),
    "less_equal": same("LessOrEqual"),
    "equal": same("Equal"),
    "logical_and": same("And"),
    "logical_or": same("Or"),
    "logical_not": same("Not"),
    "where": same("Where"),
    "relu": same("Relu"),
    "sigmoid": same("Sigmoid"),
    "tanh": same("Tanh"),
    "exp": same("Exp"),
    "log": same("Log"),
    "floor": same("Floor"),
    "ceil": same("Ceil"),
    "sqrt": same("Sqrt"),
    "abs": same("Abs"),
    "scale": elementwise.scale,
    "clip": elementwise.clip,
    "silu": elementwise.silu,
    "hardsigmoid": elementwise.hardsigmoid,
    "gelu": elementwise.gelu,
    "cast": elementwise.cast,
    # reductions
    "max": elementwise.reduce("ReduceMax"),
    "min": elementwise.reduce("ReduceMin"),
    "sum": elementwise.reduce("ReduceSum"),
    "mean": elementwise.reduce("ReduceMean"),
    "any": elementwise.any_,
    # layers
    "conv2d": neural.conv2d,
    "conv2d_transpose": neural.conv2d_transpose,
    "pool2d": neural.pool2d,
    "matmul": neural.matmul,
    "layer_norm": neural.layer_norm,
    "group_norm": neural.group_norm,
    "softmax": neural.softmax,
    "interpolate": neural.interpolate,
    "grid_sample": neural.grid_sample,
    # layout
    "reshape": layout.reshape,
    "flatten": layout.flatten,
    "transpose": layout.transpose,
    "squeeze": layout.squeeze,
    "unsqueeze": layout.unsqueeze,
    "concat": layout.concat,
    "stack": layout.stack,
    "split": layout.split,
    "slice": layout.slice_,
    "expand": layout.expand,
    "tile": layout.tile,
    "shape": layout.shape,
    "arange": layout.arange,
    "linspace": layout.linspace,
    "meshgrid": layout.meshgrid,
    # selection
    "gather_nd": layout.gather_nd,
    "topk": layout.topk,
}


def lower(node: Node, out: OnnxBuilder) -> None:
    """Adds the ONNX nodes of one operator."""
    lowering = LOWERINGS.get(node.op)
    if lowering is None or node.attrs.get("control_flow"):
        kind = "control flow" if node.attrs.get("control_flow") else "this operator"
        raise ModelError(
            f"{node.describe()}: {kind} is not supported in a dense network; "
            f"its inputs are {[str(value) for value in node.inputs]}"
        )
    with blame(node):
        lowering(node, out)
