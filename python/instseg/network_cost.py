"""What a network costs to run: its operators, its parameters and its floating-point operations."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import onnx

from instseg.errors import ModelError
from instseg.network_shapes import infer_shapes, set_input_shapes


@dataclass(frozen=True)
class NetworkCost:
    """One network at one input size.

    operators        ONNX operator type -> how many
    parameters       trained numbers: the floating-point constants of more than one element
    parameter_bytes  their size
    flops            2 x the multiply-additions of convolutions and matrix products, which are all
                     but a few per cent of the work; None where a size stays unknown
    """

    operators: dict[str, int]
    parameters: int
    parameter_bytes: int
    flops: int | None


def network_cost(file: Path, input_shapes: Mapping[str, Sequence[int]]) -> NetworkCost:
    """Counts one ONNX file with its inputs at these shapes. Raises ModelError."""
    try:
        model = onnx.load(file)
        parameters, parameter_bytes = _parameters(model)
        set_input_shapes(model, input_shapes)
        nodes = list(model.graph.node)
        shapes = infer_shapes(model)
    except ModelError:
        raise
    except Exception as error:  # onnx and protobuf share no base of their errors
        raise ModelError(f"{file} cannot be read as ONNX: {error}") from error
    flops: int | None = 0
    for node in nodes:
        cost = node_flops(node, shapes)
        flops = None if flops is None or cost is None else flops + cost
    return NetworkCost(
        operators=dict(Counter(node.op_type for node in nodes).most_common()),
        parameters=parameters,
        parameter_bytes=parameter_bytes,
        flops=flops,
    )


def _parameters(model: onnx.ModelProto) -> tuple[int, int]:
    sizes = {onnx.TensorProto.FLOAT: 4, onnx.TensorProto.FLOAT16: 2, onnx.TensorProto.BFLOAT16: 2}
    count = size = 0
    for tensor in model.graph.initializer:
        elements = math.prod(tensor.dims)
        if elements > 1 and tensor.data_type in sizes:
            count += elements
            size += elements * sizes[tensor.data_type]
    return count, size


def node_flops(node: onnx.NodeProto, shapes: Mapping[str, list[int] | None]) -> int | None:
    """2 x multiply-additions of a convolution or matrix product; 0 for other operators."""
    if node.op_type not in ("Conv", "ConvTranspose", "MatMul", "Gemm"):
        return 0
    left, right = (shapes.get(name) for name in node.input[:2])
    output = shapes.get(node.output[0])
    if left is None or right is None or output is None:
        return None
    if node.op_type == "Conv":  # weights [out, in / groups, kernel...]
        return 2 * math.prod(output) * math.prod(right[1:])
    if node.op_type == "ConvTranspose":  # weights [in, out / groups, kernel...]
        return 2 * math.prod(left) * math.prod(right[1:])
    transposed = any(a.name == "transA" and a.i for a in node.attribute)
    return 2 * math.prod(output) * left[0 if transposed else -1]
