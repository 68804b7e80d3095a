"""Finds values of a program by the layer that makes or reads them, in both formats alike.

Values have other names in each format and each model, and `inference.json` does not say which of
six equal decoder layers an operator belongs to; but the parameters it reads do.
"""

from __future__ import annotations

from collections.abc import Mapping

from instseg.importer.ir.graph import Graph, Node, Value


class Landmarks:
    """`module_paths`: parameter of the program -> its name in PaddleDetection's model."""

    def __init__(self, graph: Graph, module_paths: Mapping[str, str]) -> None:
        self.graph = graph
        self._producers = graph.producers()
        self._readers: dict[str, list[Node]] = {}
        self._consumers: dict[Value, list[Node]] = {}
        for node in graph.nodes:
            for value in node.inputs:
                if value is None:
                    continue
                self._consumers.setdefault(value, []).append(node)
                if value.name in module_paths:
                    self._readers.setdefault(module_paths[value.name], []).append(node)

    def reader(self, parameter: str, call: int = 0) -> Node:
        """The operator that reads the parameter when its layer is called for the (call+1)-th
        time; -1: for the last time."""
        if parameter not in self._readers:
            raise KeyError(f"no operator reads {parameter}")
        return self._readers[parameter][call]

    def calls(self, parameter: str) -> int:
        """How often the parameter's layer is called."""
        return len(self._readers.get(parameter, []))

    def out_of(self, parameter: str, call: int = 0) -> Value:
        """What the operator with this parameter makes."""
        return self.reader(parameter, call).output

    def into(self, parameter: str, call: int = 0) -> Value:
        """What the operator with this parameter works on."""
        return self.reader(parameter, call).input(0)

    def producer(self, value: Value) -> Node:
        return self._producers[value]

    def consumer(self, value: Value, op: str) -> Node:
        """The one operator of that kind that reads the value."""
        [node] = [node for node in self._consumers[value] if node.op == op]
        return node
