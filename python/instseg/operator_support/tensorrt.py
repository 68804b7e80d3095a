"""What TensorRT documents of the ONNX operators that the importer writes: one row each.

Of the types only those are listed that networks of the importer have. The source of a row is, for
each version, the row of the same name in:

8.6   github.com/onnx/onnx-tensorrt, branch 8.6-GA, docs/operators.md ("up to Opset 17"; INT64 is
      cast down to INT32, values beyond it clamped)
10    the same, branch 10.1-GA ("TensorRT 10.0 ... opset 9 to opset 20"), the narrowest of major 10;
      the file of 10.15 ("opset 9 to opset 24") has the same rows, with the limit of Slice lifted
      and whole numbers for Pow
11    that of 10.15, and CHANGELOG.md of github.com/NVIDIA/TensorRT v11.1, whose sections 10.16,
      11.0 and 11.1 add operators and take none away (plugins only); opsets: docs.nvidia.com/
      deeplearning/tensorrt/latest/reference/onnx-opset-guide.html ("TensorRT 11.x", 9 to 25)

The limit of K of a TopK is not in 8.6's file; it is kept there too.
"""

from __future__ import annotations

from dataclasses import dataclass

from . import limits
from .limits import Limit


@dataclass(frozen=True)
class Operator:
    """types_8, types_10: of the data that it works on, in 8.6 and from 10 on; limits: of all."""

    name: str
    types_8: str
    types_10: str
    limits: tuple[Limit, ...] = ()


@dataclass(frozen=True)
class Version:
    """opsets: the first and the last that its parser reads; wide_integers: whether it has INT64,
    instead of casting it down to INT32."""

    opsets: tuple[int, int]
    wide_integers: bool


VERSIONS = {
    "8.6": Version((7, 17), wide_integers=False),
    "10": Version((9, 20), wide_integers=True),
    "11": Version((9, 25), wide_integers=True),
}

_ROWS = (
    Operator("Abs", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Add", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("And", "BOOL", "BOOL"),
    Operator(
        "AveragePool",
        "FP32 FP16 INT32",
        "FP32 FP16",
        (
            limits.flat_pooling,
            limits.no_dilation,
        ),
    ),
    Operator("Cast", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("Ceil", "FP32 FP16", "FP32 FP16"),
    Operator("Clip", "FP32 FP16", "FP32 FP16"),
    Operator("Concat", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("Conv", "FP32 FP16", "FP32 FP16"),
    Operator("ConvTranspose", "FP32 FP16", "FP32 FP16"),
    Operator("Div", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Equal", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Erf", "FP32 FP16", "FP32 FP16"),
    Operator("Exp", "FP32 FP16", "FP32 FP16"),
    Operator("Expand", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("Floor", "FP32 FP16", "FP32 FP16"),
    Operator("GatherND", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("GlobalAveragePool", "FP32 FP16", "FP32 FP16"),
    Operator("GlobalMaxPool", "FP32 FP16", "FP32 FP16"),
    Operator("Greater", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("GreaterOrEqual", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("GridSample", "FP32 FP16", "FP32 FP16", (limits.rank_4,)),
    Operator("HardSigmoid", "FP32 FP16", "FP32 FP16"),
    Operator("Identity", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("InstanceNormalization", "FP32 FP16", "FP32 FP16"),
    Operator("LayerNormalization", "FP32 FP16", "FP32 FP16", (limits.first_output_only,)),
    Operator("Less", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("LessOrEqual", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Log", "FP32 FP16", "FP32 FP16"),
    Operator("MatMul", "FP32 FP16", "FP32 FP16"),
    Operator("Max", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator(
        "MaxPool",
        "FP32 FP16",
        "FP32 FP16",
        (
            limits.flat_pooling,
            limits.no_dilation,
            limits.values_only,
        ),
    ),
    Operator("Min", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Mul", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Not", "BOOL", "BOOL"),
    Operator("Or", "BOOL", "BOOL"),
    Operator("Pow", "FP32 FP16", "FP32 FP16"),
    Operator("Range", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("ReduceMax", "FP32 FP16", "FP32 FP16 INT32 INT64", (limits.constant_axes,)),
    Operator("ReduceMean", "FP32 FP16", "FP32 FP16 INT32 INT64", (limits.constant_axes,)),
    Operator("ReduceMin", "FP32 FP16", "FP32 FP16 INT32 INT64", (limits.constant_axes,)),
    Operator("ReduceSum", "FP32 FP16", "FP32 FP16 INT32 INT64", (limits.constant_axes,)),
    Operator("Relu", "FP32 FP16", "FP32 FP16 INT32 INT64"),
    Operator("Reshape", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("Resize", "FP32 FP16", "FP32 FP16", (limits.resize_modes,)),
    Operator("Shape", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("Sigmoid", "FP32 FP16", "FP32 FP16"),
    Operator(
        "Slice", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL", (limits.constant_slice_axes,)
    ),
    Operator("Softmax", "FP32 FP16", "FP32 FP16"),
    Operator("Split", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("Sqrt", "FP32 FP16", "FP32 FP16"),
    Operator(
        "Squeeze", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL", (limits.constant_axes,)
    ),
    Operator("Sub", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64"),
    Operator("Tanh", "FP32 FP16", "FP32 FP16"),
    Operator("Tile", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator("TopK", "FP32 FP16 INT32", "FP32 FP16 INT32 INT64", (limits.top_k_limits,)),
    Operator("Transpose", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
    Operator(
        "Unsqueeze", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL", (limits.constant_axes,)
    ),
    Operator("Where", "FP32 FP16 INT32 BOOL", "FP32 FP16 INT32 INT64 BOOL"),
)

OPERATORS = {row.name: row for row in _ROWS}
