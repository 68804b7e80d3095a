"""An ONNX graph to ask questions of: who makes a tensor, who reads it, what it is."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator

import onnx

from instseg.errors import ModelError

FLOAT = onnx.TensorProto.FLOAT

PRODUCTS = frozenset(["Conv", "ConvTranspose", "MatMul", "Gemm"])
"""The operators that nearly all of the work is in."""

_NUMBERS_SEEN = 1024
"""Constants up to this size may be shapes, axes and limits: type inference gets their numbers."""


class GraphView:
    """Nodes are meant by their position in `nodes`. Nothing here changes the model.

    nodes      in the order of the graph, which is one in which they can run
    constants  name -> initializer
    types      name -> element type (onnx.TensorProto.DataType) of every tensor
    """

    def __init__(self, model: onnx.ModelProto) -> None:
        graph = model.graph
        self.nodes: list[onnx.NodeProto] = list(graph.node)
        self.constants = {tensor.name: tensor for tensor in graph.initializer}
        self.outputs = [value.name for value in graph.output]
        self.producers = {
            name: index for index, node in enumerate(self.nodes) for name in node.output if name
        }
        self._readers: dict[str, list[int]] = defaultdict(list)
        for index, node in enumerate(self.nodes):
            for name in dict.fromkeys(node.input):
                self._readers[name].append(index)
        self.types = _types(without_weights(model))

    def readers(self, index: int) -> list[int]:
        """The nodes that read an output of this node."""
        return [reader for name in self.nodes[index].output for reader in self.readers_of(name)]

    def readers_of(self, name: str) -> list[int]:
        return self._readers.get(name, [])

    def makers(self, index: int) -> list[int]:
        """The nodes that make its inputs, in their order; some inputs have none."""
        return [self.producers[name] for name in self.nodes[index].input if name in self.producers]

    def is_float(self, name: str) -> bool:
        return bool(name) and self.types.get(name) == FLOAT

    def activations(self, index: int) -> list[str]:
        """Its float32 inputs that are no constants, each once."""
        names = dict.fromkeys(self.nodes[index].input)
        return [name for name in names if self.is_float(name) and name not in self.constants]

    def float_constants(self, index: int) -> list[onnx.TensorProto]:
        """Its float32 inputs that are constants, each once."""
        names = dict.fromkeys(self.nodes[index].input)
        return [self.constants[n] for n in names if self.is_float(n) and n in self.constants]

    def float_outputs(self, index: int) -> list[str]:
        return [name for name in self.nodes[index].output if self.is_float(name)]

    def of_type(self, *op_types: str) -> Iterator[int]:
        return (index for index, node in enumerate(self.nodes) if node.op_type in op_types)

    def is_bias(self, index: int) -> bool:
        """Whether it adds a constant to a product, as the second half of a layer does."""
        node = self.nodes[index]
        if node.op_type != "Add" or len(self.activations(index)) != 1:
            return False
        return any(self.nodes[maker].op_type in PRODUCTS for maker in self.makers(index))


def without_weights(model: onnx.ModelProto) -> onnx.ModelProto:
    """A copy in which large constants are inputs: their types and shapes without their numbers."""
    light = onnx.ModelProto(ir_version=model.ir_version, opset_import=model.opset_import)
    graph = light.graph
    graph.name = model.graph.name or "network"
    graph.node.extend(model.graph.node)
    graph.input.extend(model.graph.input)
    graph.output.extend(model.graph.output)
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= _NUMBERS_SEEN:
            graph.initializer.append(tensor)
        else:
            graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    return light


def _types(light: onnx.ModelProto) -> dict[str, int]:
    graph = onnx.shape_inference.infer_shapes(light).graph
    types = {tensor.name: int(tensor.data_type) for tensor in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        types[value.name] = int(value.type.tensor_type.elem_type)
    for node in graph.node:
        for name in node.output:
            if name and not types.get(name):
                raise ModelError(
                    f"the type of {name!r}, made by {node.op_type} {node.name!r}, cannot be "
                    "inferred; the network is not one that instseg imported"
                )
    return types
