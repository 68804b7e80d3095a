"""Merges operators that do the same to the same operands."""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from ..ir.graph import Graph, Node, Value


def merge_duplicates(graph: Graph) -> Graph:
    replaced: dict[Value, Value] = {}
    first: dict[Hashable, Node] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        inputs = [None if value is None else replaced.get(value, value) for value in node.inputs]
        node = Node(node.op, inputs, node.outputs, node.attrs, node.index, node.source)
        key = (
            node.op,
            repr(sorted(node.attrs.items())),
            tuple(map(_operand, inputs)),
            tuple((v.dtype.str, v.shape) for v in node.outputs),
        )
        same = first.setdefault(key, node)
        if same is node:
            nodes.append(node)
        else:
            replaced.update(zip(node.outputs, same.outputs, strict=True))
    outputs = {name: replaced.get(value, value) for name, value in graph.outputs.items()}
    return Graph(graph.inputs, outputs, nodes)


def _operand(value: Value | None) -> Hashable:
    """Small constants are compared by content, everything else by identity."""
    if value is None:
        return None
    if isinstance(value.data, np.ndarray) and value.data.nbytes <= 1024:
        return value.dtype.str, value.data.shape, value.data.tobytes()
    return id(value)
