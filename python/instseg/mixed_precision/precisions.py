"""Decides the precision of every layer of a network: the family's table first, then the rules."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx
from onnx import numpy_helper

from .graph_view import GraphView
from .table import Row

HALF_MAX = 65504.0
HALF_LEAST_NORMAL = 2.0**-14

COMPUTING = frozenset(
    ["AveragePool", "Conv", "ConvTranspose", "Gemm", "MatMul", "MaxPool", "Resize"]
)
"""In half precision unless the table says otherwise."""

ELEMENT_WISE = frozenset(
    [
        "Abs",
        "Add",
        "Ceil",
        "Clip",
        "Div",
        "Equal",
        "Erf",
        "Floor",
        "Greater",
        "GreaterOrEqual",
        "HardSigmoid",
        "Less",
        "LessOrEqual",
        "Max",
        "Min",
        "Mul",
        "Neg",
        "ReduceMax",
        "ReduceMin",
        "Relu",
        "Sigmoid",
        "Sub",
        "Tanh",
        "TopK",
        "Where",
    ]
)
MOVING = frozenset(
    [
        "Concat",
        "Expand",
        "Flatten",
        "Gather",
        "GatherND",
        "Identity",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Tile",
        "Transpose",
        "Unsqueeze",
    ]
)
FOLLOWING = ELEMENT_WISE | MOVING
"""These follow their inputs: FP32 where all activations are FP32 (a cast would only add work),
half precision as soon as one is half."""

TYPELESS = frozenset(["Shape", "Size"])
"""They read tensors of any type, and make whole numbers."""

OTHER_OPERATOR = "operator without a rule"
BEYOND_RANGE = "constant beyond the range of half precision"


@dataclass(frozen=True)
class Precisions:
    """reasons: node that stays FP32 -> the table's row, or the rule, that says so, or "" where it
    follows its inputs; half: the nodes in half precision. Nodes without floats are in neither."""

    reasons: dict[int, str]
    half: frozenset[int]


def decide(view: GraphView, rows: tuple[Row, ...]) -> Precisions:
    """`rows`: of the family's table; where several find a node, the first is its reason."""
    named: dict[int, str] = {}
    for row in rows:
        for index in row.find(view):
            named.setdefault(index, row.part)
    reasons: dict[int, str] = {}
    half: set[int] = set()
    for index, node in enumerate(view.nodes):
        if node.op_type in TYPELESS or not _has_floats(view, index):
            continue
        if index in named:
            reasons[index] = named[index]
        elif node.op_type == "Cast":
            reasons[index] = ""
        elif node.op_type not in COMPUTING | FOLLOWING:
            reasons[index] = OTHER_OPERATOR
        elif not all(fits_half(tensor) for tensor in view.float_constants(index)):
            reasons[index] = BEYOND_RANGE
        elif node.op_type in FOLLOWING and _follows_fp32(view, index, reasons):
            reasons[index] = ""
        else:
            half.add(index)
    return Precisions(reasons, frozenset(half))


def _has_floats(view: GraphView, index: int) -> bool:
    return any(
        view.is_float(name) for name in (*view.nodes[index].input, *view.nodes[index].output)
    )


def _follows_fp32(view: GraphView, index: int, reasons: dict[int, str]) -> bool:
    """Whether all it reads from other layers is FP32. Inputs of the network are cast first: they
    are large."""
    makers = [view.producers[n] for n in view.activations(index) if n in view.producers]
    return bool(makers) and all(maker in reasons for maker in makers)


def fits_half(tensor: onnx.TensorProto) -> bool:
    """Whether half precision can hold it: no overflow; a lone number exact to 11 bits or zero."""
    values = np.abs(numpy_helper.to_array(tensor))
    if values.size == 0:
        return True
    if not np.isfinite(values).all() or float(values.max()) > HALF_MAX:
        return False
    return values.size > 1 or values.item() == 0 or bool(values.item() >= HALF_LEAST_NORMAL)
