"""What a cut returns: the dense networks of a model, and what is left for the SDK to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from instseg.errors import ModelError

from ..ir.graph import Graph, Node, Value


@dataclass(frozen=True)
class NetworkCut:
    """One dense network.

    role      what the SDK calls it: "main", the first, takes the image
    inputs    meaning -> value of the program; becomes an input of that name
    outputs   (name, meaning) -> value of the program
    channels_last  names of inputs and outputs [N,C,h,w] that the network has as [N,h,w,C]
    """

    role: str
    inputs: dict[tuple[str, str], Value]
    outputs: dict[tuple[str, str], Value]
    channels_last: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Cut:
    """All networks of a model and the numbers of its post-processing, read from the program."""

    networks: list[NetworkCut]
    num_classes: int
    mask_threshold: float
    postprocess: Mapping[str, Any]


CutFunction = Callable[[Graph], Cut]


class Trail:
    """Walks from a value back to what made it, and says where the program is not as expected."""

    def __init__(self, graph: Graph, family: str) -> None:
        self.graph = graph
        self.producers = graph.producers()
        self.family = family

    def back(self, value: Value, op: str, skip: str = "") -> Node:
        """The `op` that makes `value`; operators named in `skip` may lie between.

        It is looked for behind their first operand, and behind both branches of an `if`.
        """
        while True:
            node = self.producers.get(value)
            if node is not None and node.op == op:
                return node
            if node is not None and node.op == "if" and "if" in skip.split():
                try:
                    return self.back(node.input(1), op, skip)
                except ModelError:
                    value = node.input(2)
                    continue
            if node is None or node.op not in skip.split():
                found = node.describe() if node is not None else "an input or a constant"
                raise ModelError(
                    f"the program does not end as a {self.family} does: {value.name} should come "
                    f"from '{op}', but comes from {found}"
                )
            value = node.input(0)

    def ancestors(self, value: Value, stop: str = "") -> list[Node]:
        """All operators that `value` depends on, in program order; not past those in `stop`."""
        ends, found, pending = stop.split(), set[Node](), [value]
        while pending:
            node = self.producers.get(pending.pop())
            if node is None or node in found:
                continue
            found.add(node)
            if node.op not in ends:
                pending += [operand for operand in node.inputs if operand is not None]
        return [node for node in self.graph.nodes if node in found]

    def consumer(self, value: Value, op: str) -> Node:
        """The only `op` that reads `value`."""
        readers = [node for node in self.graph.nodes if node.op == op and value in node.inputs]
        if len(readers) != 1:
            raise ModelError(
                f"the program is not built as a {self.family} is: {value.name} is read by "
                f"{len(readers)} operators '{op}', not by one"
            )
        return readers[0]

    def only(self, op: str) -> Node:
        """The only operator of that kind in the program."""
        nodes = [node for node in self.graph.nodes if node.op == op]
        if len(nodes) != 1:
            raise ModelError(
                f"the program is not built as a {self.family} is: it has {len(nodes)} operators "
                f"'{op}', not one"
            )
        return nodes[0]
