"""What a cut returns: the dense networks of a model, and what is left for the SDK to do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from instseg.errors import ModelError

from ..ir.graph import Graph, Node, Value

PostprocessNumber = int | float | bool | str | list[int]


@dataclass(frozen=True)
class NetworkCut:
    """One dense network.

    role      what the SDK calls it: "main"
    inputs    meaning -> value of the program; becomes an input of that name
    outputs   (name, meaning) -> value of the program
    """

    role: str
    inputs: dict[tuple[str, str], Value]
    outputs: dict[tuple[str, str], Value]


@dataclass(frozen=True)
class Cut:
    """All networks of a model and the numbers of its post-processing, read from the program."""

    networks: list[NetworkCut]
    num_classes: int
    mask_threshold: float
    postprocess: Mapping[str, PostprocessNumber | Mapping[str, PostprocessNumber]]


CutFunction = Callable[[Graph], Cut]


class Trail:
    """Walks from a value back to what made it, and says where the program is not as expected."""

    def __init__(self, graph: Graph, family: str) -> None:
        self.producers = graph.producers()
        self.family = family

    def back(self, value: Value, op: str, skip: str = "") -> Node:
        """The `op` that makes `value`; operators named in `skip` may lie between."""
        while True:
            node = self.producers.get(value)
            if node is not None and node.op == op:
                return node
            if node is None or node.op not in skip.split():
                found = f"a {node.describe()}" if node is not None else "an input or a constant"
                raise ModelError(
                    f"the program does not end as a {self.family} does: {value.name} should come "
                    f"from '{op}', but comes from {found}"
                )
            value = node.input(0)
