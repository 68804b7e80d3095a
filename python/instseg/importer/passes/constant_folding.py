"""Computes, in NumPy, what does not depend on the network's input."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from instseg.errors import ModelError

from .. import limits
from ..ir.dims import Shape, Symbol, static
from ..ir.graph import Graph, Node, Value, blame
from .evaluators import EVALUATORS
from .shape_inference import infer_node

BATCH = Symbol("N")


def propagate(graph: Graph, input_shapes: Mapping[str, Shape] | None = None) -> Graph:
    """Infers all shapes and drops nodes whose operands are constant, in one walk.

    Each needs the other: a reshape's shape comes from its constant operand, and a constant's size
    is checked before it is computed. An input's open first size becomes N; `input_shapes`
    overrides. Raises ModelError where a constant would exceed the size limits, before computing
    it.
    """
    for value in graph.inputs:
        if input_shapes and value.name in input_shapes:
            value.shape = input_shapes[value.name]
        elif value.shape and not isinstance(value.shape[0], int):
            value.shape = (BATCH, *value.shape[1:])
    return fold_constants(graph, infer=True)


def fold_constants(graph: Graph, *, infer: bool = False) -> Graph:
    """Returns the graph without nodes whose operands are all constant. Shapes are known already."""
    nodes: list[Node] = []
    folded_bytes = 0
    for node in graph.nodes:
        if infer:
            infer_node(node)
        if _fold_known_sizes(node):
            continue
        if not _foldable(node):
            nodes.append(node)
            continue
        folded_bytes += _evaluate(node)
        if folded_bytes > limits.MAX_FOLDED_BYTES:
            raise ModelError(
                f"{node.describe()}: the program's constants exceed {limits.MAX_FOLDED_BYTES} bytes"
            )
    return Graph(graph.inputs, graph.outputs, nodes)


def _fold_known_sizes(node: Node) -> bool:
    """Sizes are constant even where the tensor they are read from is not."""
    value = node.output
    if len(node.outputs) != 1 or value.content is None:
        return False
    numbers = [dim for dim in value.content if isinstance(dim, int)]
    shape = static(value.shape)
    if len(numbers) != len(value.content) or shape is None:
        return False
    value.data = np.array(numbers, value.dtype).reshape(shape)
    return True


def _foldable(node: Node) -> bool:
    if node.op not in EVALUATORS or node.attrs.get("control_flow"):
        return False
    return all(value is None or value.constant for value in node.inputs)


def _evaluate(node: Node) -> int:
    """Sets the outputs' data; returns the bytes of what is new (views of the file count 0)."""
    with blame(node):
        size = sum(_size_bytes(value) for value in node.outputs)
        if size > limits.MAX_CONSTANT_BYTES:
            raise ModelError(
                f"{node.describe()}: a constant of {size} bytes is larger than the "
                f"{limits.MAX_CONSTANT_BYTES} that are supported"
            )
        operands = [value.array() for value in node.inputs if value is not None]
        for value, array in zip(node.outputs, EVALUATORS[node.op](node, operands), strict=True):
            if array.shape != static(value.shape):
                raise ModelError(f"gives shape {array.shape} where {value.shape} was expected")
            value.data = array.astype(value.dtype, copy=False)
    return size if node.op not in ("slice", "reshape", "split", "flatten", "transpose") else 0


def _size_bytes(value: Value) -> int:
    shape = static(value.shape)
    if shape is None or any(dim < 0 for dim in shape):
        raise ModelError(f"the shape of {value} is not known")
    return math.prod(shape) * value.dtype.itemsize
