"""Whether a version of TensorRT documents everything that a network uses."""

from __future__ import annotations

import os
from pathlib import Path

import onnx

from instseg.errors import InvalidArgument, ModelError
from instseg.mixed_precision.graph_view import without_weights

from .limits import facts_of
from .tensorrt import OPERATORS, VERSIONS

_TYPE_NAMES = {
    onnx.TensorProto.FLOAT: "FP32",
    onnx.TensorProto.FLOAT16: "FP16",
    onnx.TensorProto.INT32: "INT32",
    onnx.TensorProto.INT64: "INT64",
    onnx.TensorProto.BOOL: "BOOL",
}

_DATA_INPUT = {"Where": 1}
"""The input whose type counts, where it is not the first."""


def unsupported(network: str | os.PathLike[str] | onnx.ModelProto, version: str) -> list[str]:
    """What of an ONNX network TensorRT `version` (a key of VERSIONS) does not document.

    One line per opset, operator, type or attribute; empty where everything is documented. Raises
    ModelError where the file cannot be read, InvalidArgument for an unknown version.
    """
    if version not in VERSIONS:
        raise InvalidArgument(
            f"There is no list of operators for TensorRT {version!r}, only for "
            f"{', '.join(VERSIONS)}."
        )
    try:
        model = network if isinstance(network, onnx.ModelProto) else onnx.load(Path(network))
        graph = onnx.shape_inference.infer_shapes(without_weights(model)).graph
    except Exception as error:  # onnx and protobuf share no base of their errors
        raise ModelError(f"{network} cannot be read as ONNX: {error}") from error
    types = {tensor.name: int(tensor.data_type) for tensor in graph.initializer}
    ranks = {tensor.name: len(tensor.dims) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor_type = value.type.tensor_type
        types[value.name] = int(tensor_type.elem_type)
        if tensor_type.HasField("shape"):
            ranks[value.name] = len(tensor_type.shape.dim)
    constants = {tensor.name: tensor for tensor in model.graph.initializer}
    found = _opset_faults(model, version)
    for node in model.graph.node:
        position = _DATA_INPUT.get(node.op_type, 0)
        data = node.input[position] if len(node.input) > position else ""
        found += _type_faults(node, types.get(data, 0), version)
        if node.op_type in OPERATORS:
            facts = facts_of(node, ranks, constants)
            beyond = [limit(facts) for limit in OPERATORS[node.op_type].limits]
            found += [f"{node.op_type} {node.name!r}: {fault}" for fault in beyond if fault]
    return list(dict.fromkeys(found))


def _opset_faults(model: onnx.ModelProto, version: str) -> list[str]:
    first, last = VERSIONS[version].opsets
    return [
        f"opset {opset.version} of domain {opset.domain or 'ai.onnx'!r}, not {first} to {last}"
        for opset in model.opset_import
        if opset.domain not in ("", "ai.onnx") or not first <= opset.version <= last
    ]


def _type_faults(node: onnx.NodeProto, element_type: int, version: str) -> list[str]:
    row = OPERATORS.get(node.op_type)
    if row is None or node.domain not in ("", "ai.onnx"):
        return [f"operator {node.op_type} is not in the table"]
    wide = VERSIONS[version].wide_integers
    name = _TYPE_NAMES.get(element_type, f"type {element_type}")
    if name == "INT64" and not wide:
        name = "INT32"
    types = (row.types_10 if wide else row.types_8).split()
    if name not in types:
        return [f"{node.op_type} {node.name!r}: {name}, not one of {', '.join(types)}"]
    return []
