"""Removes nodes that no output depends on."""

from __future__ import annotations

from ..ir.graph import Graph, Node, Value


def remove_dead_code(graph: Graph) -> Graph:
    needed: set[Value] = set(graph.outputs.values())
    nodes: list[Node] = []
    for node in reversed(graph.nodes):
        if any(value in needed for value in node.outputs):
            nodes.append(node)
            needed.update(value for value in node.inputs if value is not None)
    return Graph([v for v in graph.inputs if v in needed], graph.outputs, nodes[::-1])
