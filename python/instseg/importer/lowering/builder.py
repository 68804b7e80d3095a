"""Collects ONNX nodes and initializers; gives every tensor one name."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import onnx
from onnx import helper

from instseg.errors import ModelError

from ..ir.graph import Array, Node, Value

OPSET = 17
"""Has LayerNormalization and GridSample; OpenVINO and TensorRT 8.6 to 11 read it."""

ONNX_TYPES = {
    np.dtype(np.bool_): onnx.TensorProto.BOOL,
    np.dtype(np.uint8): onnx.TensorProto.UINT8,
    np.dtype(np.int8): onnx.TensorProto.INT8,
    np.dtype(np.int16): onnx.TensorProto.INT16,
    np.dtype(np.int32): onnx.TensorProto.INT32,
    np.dtype(np.int64): onnx.TensorProto.INT64,
    np.dtype(np.float16): onnx.TensorProto.FLOAT16,
    np.dtype(np.float32): onnx.TensorProto.FLOAT,
    np.dtype(np.float64): onnx.TensorProto.DOUBLE,
}


def onnx_type(dtype: np.dtype[Any]) -> int:
    if dtype not in ONNX_TYPES:
        raise ModelError(f"tensors of type {dtype} have no place in a network")
    return int(ONNX_TYPES[dtype])


class OnnxBuilder:
    """Lowering functions add nodes here, one operator at a time."""

    def __init__(self) -> None:
        self.nodes: list[onnx.NodeProto] = []
        self.initializers: dict[str, Value] = {}
        self._names: dict[Value, str] = {}
        self._taken: set[str] = set()
        self._counts: Counter[str] = Counter()
        self._small: dict[tuple[str, tuple[int, ...], bytes], str] = {}

    def reserve(self, value: Value, name: str) -> None:
        """Gives a value (an input or output of the network) this very name."""
        self._names[value] = name
        self._taken.add(name)

    def name(self, value: Value | None) -> str:
        """The value's name in the ONNX graph ("" for an absent one); constants are added once."""
        if value is None:
            return ""
        if value not in self._names:
            if value.constant:
                self._names[value] = self._initializer(value)
            else:
                self._names[value] = self._unique(value.name)
        return self._names[value]

    def names(self, values: list[Value | None]) -> list[str]:
        return [self.name(value) for value in values]

    def constant(self, array: Array | list[int] | list[float], hint: str) -> str:
        """Adds numbers (a list of ints becomes int64, of floats float32) and returns their name."""
        if isinstance(array, list):
            ints = all(isinstance(number, int) for number in array)
            array = np.array(array, np.int64 if ints else np.float32)
        return self._initializer(Value(hint, array.dtype, array.shape, data=array))

    def add(
        self,
        op_type: str,
        inputs: list[str],
        like: Node,
        outputs: list[str] | None = None,
        **attrs: Any,
    ) -> str:
        """Adds one ONNX node; without `outputs`, its result gets a name after `like`'s output."""
        if outputs is None:
            outputs = [self._unique(f"{like.output.name}:{op_type}")]
        while inputs and inputs[-1] == "":
            inputs = inputs[:-1]
        name = f"{like.source}{like.op}/{outputs[0]}"
        self.nodes.append(helper.make_node(op_type, inputs, outputs, name=name, **attrs))
        return outputs[0]

    def cast(self, value: Value, dtype: np.dtype[Any], like: Node) -> str:
        """The name of `value` as a tensor of that type."""
        if value.dtype == dtype:
            return self.name(value)
        if value.constant:
            return self.constant(value.array().astype(dtype), value.name)
        return self.add("Cast", [self.name(value)], like, to=onnx_type(np.dtype(dtype)))

    def result(self, op_type: str, inputs: list[str], node: Node, **attrs: Any) -> None:
        """Adds the ONNX node that makes the operator's own output(s)."""
        self.add(op_type, inputs, node, [self.name(value) for value in node.outputs], **attrs)

    def _initializer(self, value: Value) -> str:
        array = None
        if isinstance(value.data, np.ndarray) and value.data.nbytes <= 64:
            array = value.data
            key = (array.dtype.str, array.shape, array.tobytes())
            if key in self._small:
                return self._small[key]
        onnx_type(value.dtype)
        name = self._unique(value.name)
        self.initializers[name] = value
        if array is not None:
            self._small[key] = name
        return name

    def _unique(self, name: str) -> str:
        candidate = name
        while candidate in self._taken or not candidate:
            self._counts[name] += 1
            candidate = f"{name}~{self._counts[name]}"
        self._taken.add(candidate)
        return candidate
