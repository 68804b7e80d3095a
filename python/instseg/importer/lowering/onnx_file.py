"""Writes a graph as an ONNX file, each weight once, straight from where it lies.

An ONNX file is a protobuf message, and the parts of a message may come in any order: so the model
without its weights is made with the `onnx` package, and the weights are appended to it one by one.
Large models never exist in memory a second time.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

import numpy as np
import onnx
from onnx import helper

from instseg.errors import ModelError

from ..ir.graph import Graph, Value
from .builder import OPSET, OnnxBuilder, onnx_type
from .table import lower

MODEL_GRAPH, GRAPH_INITIALIZER, TENSOR_RAW_DATA = 7, 5, 9
"""Field numbers in onnx.proto."""

CHECKED_WHOLE_BYTES = 1024
"""Initializers up to this size may be shapes and axes: the checker sees their numbers."""

IR_VERSION = 8
"""Of opset 17; every reader of that opset knows it."""


@dataclass(frozen=True)
class WrittenFile:
    size_bytes: int
    sha256: str


def write_onnx(
    graph: Graph,
    path: Path,
    *,
    name: str = "network",
    progress: Callable[[float], None] = lambda fraction: None,
) -> WrittenFile:
    """Lowers an optimised graph and writes it, self-contained, as ONNX.

    Inputs and outputs get the graph's names for them. The result has passed the ONNX checker.
    `progress` is called with the fraction of the weights written.
    """
    builder = _lowered(graph)
    model = _model(graph, builder, name)
    _check(model, builder, path)
    return _write(model, builder, path, progress)


def _lowered(graph: Graph) -> OnnxBuilder:
    builder = OnnxBuilder()
    defined = {value for node in graph.nodes for value in node.outputs}
    for value in graph.inputs:
        builder.reserve(value, value.name)
    direct: dict[Value, str] = {}
    for output_name, value in graph.outputs.items():
        if value in defined and value not in direct:
            direct[value] = output_name
            builder.reserve(value, output_name)
    for node in graph.nodes:
        lower(node, builder)
    for output_name, value in graph.outputs.items():
        if direct.get(value) != output_name:  # an input, a constant, or one value under two names
            builder.nodes.append(helper.make_node("Identity", [builder.name(value)], [output_name]))
    return builder


def _model(graph: Graph, builder: OnnxBuilder, name: str) -> onnx.ModelProto:
    """The model without weights."""
    inputs = [_value_info(value.name, value) for value in graph.inputs]
    outputs = [_value_info(output, value) for output, value in graph.outputs.items()]
    return helper.make_model(
        helper.make_graph(builder.nodes, name, inputs, outputs),
        opset_imports=[helper.make_opsetid("", OPSET)],
        ir_version=IR_VERSION,
        producer_name="instseg",
    )


def _value_info(name: str, value: Value) -> onnx.ValueInfoProto:
    dims = [dim if isinstance(dim, int) else str(dim) for dim in value.shape]
    return helper.make_tensor_value_info(name, onnx_type(value.dtype), dims)


def _check(model: onnx.ModelProto, builder: OnnxBuilder, path: Path) -> None:
    """Runs the full ONNX checker, with large weights as inputs: it needs their shapes only."""
    light = onnx.ModelProto()
    light.CopyFrom(model)
    for name, value in builder.initializers.items():
        if _size_bytes(value) <= CHECKED_WHOLE_BYTES:
            light.graph.initializer.append(onnx.numpy_helper.from_array(value.array(), name))
        else:
            light.graph.input.append(_value_info(name, value))
    try:
        onnx.checker.check_model(light, full_check=True)
    except Exception as error:  # the checker's errors have no common base
        raise ModelError(f"the ONNX checker rejects {path.name}: {error}") from error


def _write(
    model: onnx.ModelProto,
    builder: OnnxBuilder,
    path: Path,
    progress: Callable[[float], None],
) -> WrittenFile:
    graph_bytes = model.graph.SerializeToString()
    model.ClearField("graph")
    total = sum(_size_bytes(value) for value in builder.initializers.values())
    headers = {name: _tensor_header(name, v) for name, v in builder.initializers.items()}
    graph_size = len(graph_bytes) + sum(
        len(headers[name]) + _size_bytes(value) for name, value in builder.initializers.items()
    )
    if graph_size >= 2**31 - 1024:
        raise ModelError(f"a network of {graph_size} bytes does not fit an ONNX file (2 GiB)")
    with path.open("wb") as file:
        sink = _Sink(file)
        sink.write(model.SerializeToString())
        sink.write(_varint(MODEL_GRAPH << 3 | 2) + _varint(graph_size))
        sink.write(graph_bytes)
        done = 0
        for name, value in builder.initializers.items():
            array = np.ascontiguousarray(value.array())
            if array.nbytes != _size_bytes(value) or array.dtype != value.dtype:
                raise ModelError(f"constant {name} is {array.dtype}{array.shape}, not {value}")
            sink.write(headers[name])
            sink.write(array.reshape(-1).view(np.uint8).data)
            done += array.nbytes
            progress(done / max(total, 1))
    return WrittenFile(sink.size_bytes, sink.hash.hexdigest())


class _Sink:
    """A file that knows the size and hash of what was written."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file
        self.hash = hashlib.sha256()
        self.size_bytes = 0

    def write(self, data: bytes | memoryview) -> None:
        self.file.write(data)
        self.hash.update(data)
        self.size_bytes += len(data)


def _tensor_header(name: str, value: Value) -> bytes:
    """Everything of the initializer but its raw data, which comes last."""
    size = _size_bytes(value)
    proto = onnx.TensorProto(dims=value.shape, data_type=onnx_type(value.dtype), name=name)
    fields: bytes = proto.SerializeToString()
    head = fields + _varint(TENSOR_RAW_DATA << 3 | 2) + _varint(size)
    return _varint(GRAPH_INITIALIZER << 3 | 2) + _varint(len(head) + size) + head


def _size_bytes(value: Value) -> int:
    count = 1
    for dim in value.shape:
        count *= int(dim)  # type: ignore[arg-type]
    return count * value.dtype.itemsize


def _varint(number: int) -> bytes:
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
