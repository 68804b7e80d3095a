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
    folded_bytes = work_bytes = 0
    for node in graph.nodes:
        if infer:
            infer_node(node)
        if _fold_known_sizes(node):
            continue
        if not _foldable(node):
            nodes.append(node)
            continue
        new_bytes, touched_bytes = _evaluate(node)
        folded_bytes += new_bytes
        work_bytes += touched_bytes
        if folded_bytes > limits.MAX_FOLDED_BYTES or work_bytes > limits.MAX_FOLDING_WORK_BYTES:
            raise ModelError(
                f"{node.describe()}: the program's constants exceed {limits.MAX_FOLDED_BYTES} "
                f"bytes, or {limits.MAX_FOLDING_WORK_BYTES} bytes of work to compute"
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
    with blame(node):
        value.data = np.array(numbers, value.dtype).reshape(shape)
    return True


def _foldable(node: Node) -> bool:
    if node.op not in EVALUATORS or node.attrs.get("control_flow"):
        return False
    return all(value is None or value.constant for value in node.inputs)


def _evaluate(node: Node) -> tuple[int, int]:
    """Sets the outputs' data; returns the bytes that are new (views count 0), and those touched."""
    new_bytes = 0
    with blame(node), np.errstate(all="ignore"):
        size = sum(_size_bytes(value) for value in node.outputs)
        if size > limits.MAX_CONSTANT_BYTES:
            raise ModelError(
                f"{node.describe()}: a constant of {size} bytes is larger than the "
                f"{limits.MAX_CONSTANT_BYTES} that are supported"
            )
        operands = [value.array() for value in node.inputs if value is not None]
        touched_bytes = size + sum(operand.nbytes for operand in operands)
        for value, array in zip(node.outputs, EVALUATORS[node.op](node, operands), strict=True):
            if array.shape != static(value.shape):
                raise ModelError(f"gives shape {array.shape} where {value.shape} was expected")
            value.data = array.astype(value.dtype, copy=False)
            if not any(np.may_share_memory(value.data, operand) for operand in operands):
                new_bytes += value.data.nbytes
    return new_bytes, touched_bytes


def _size_bytes(value: Value) -> int:
    shape = static(value.shape)
    if shape is None or any(dim < 0 for dim in shape):
        raise ModelError(f"the shape of {value} is not known")
    if value.dtype.kind == "V":
        raise ModelError(f"the type of {value.name} is not supported")
    return math.prod(shape) * max(value.dtype.itemsize, 8)
