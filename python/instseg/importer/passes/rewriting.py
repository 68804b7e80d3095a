"""Replaces nodes by simpler ones, rule by rule, until no rule applies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..ir.graph import Array, Graph, Node, Value, blame
from .constant_folding import fold_constants
from .dead_code import remove_dead_code
from .shape_inference import infer_node

MAX_ROUNDS = 20


class Rewriting:
    """One walk over a graph, in which rules make new nodes before the one they replace."""

    def __init__(self, graph: Graph) -> None:
        self.uses: Counter[Value] = graph.use_counts()
        self.replaced: dict[Value, Value] = {}
        self.nodes: list[Node] = []
        self._producers: dict[Value, Node] = {}
        self.changed = False
        # Constants made of another one, by it and their name: made once, used by many nodes.
        self.derived: dict[tuple[Value, str], Value] = {}

    def producer(self, value: Value | None, *ops: str) -> Node | None:
        """The node that makes `value`, where it is one of `ops` (any, if none is given)."""
        node = None if value is None else self._producers.get(value)
        return node if node is not None and (not ops or node.op in ops) else None

    def only_use(self, value: Value) -> bool:
        """Whether nothing else reads `value`: it may vanish into its reader."""
        return self.uses[value] == 1

    def make(
        self,
        like: Node,
        op: str,
        inputs: list[Value | None],
        *,
        named: str = "",
        dtype: np.dtype[Any] | None = None,
        **attrs: Any,
    ) -> Value:
        """Adds a node with one output, at the place of `like` and of its type; infers its shape."""
        output = Value(named or like.output.name, dtype or like.output.dtype, ())
        node = Node(op, inputs, [output], attrs, like.index, like.source)
        infer_node(node)
        self.add(node)
        return output

    def constant(self, like: Node, array: Array) -> Value:
        return Value(f"{like.output.name}:constant", array.dtype, array.shape, data=array)

    def add(self, node: Node) -> None:
        self.nodes.append(node)
        self._producers.update((value, node) for value in node.outputs)


Rule = Callable[[Node, Rewriting], Value | list[Value] | None]
"""Returns what replaces the node's output(s), or None to keep the node."""


def rewrite(graph: Graph, rules: Mapping[str, tuple[Rule, ...]]) -> Graph:
    """Applies the rules, by operator, until nothing changes; then folds and drops dead code."""
    for _ in range(MAX_ROUNDS):
        walk = Rewriting(graph)
        for node in graph.nodes:
            inputs = [
                walk.replaced.get(value, value) if value is not None else None
                for value in node.inputs
            ]
            node = Node(node.op, inputs, node.outputs, node.attrs, node.index, node.source)
            with blame(node):
                result = _first_match(node, rules.get(node.op, ()), walk)
            if result is None:
                walk.add(node)
                continue
            walk.changed = True
            values = result if isinstance(result, list) else [result]
            for old, new in zip(node.outputs, values, strict=False):
                walk.replaced[old] = new
                walk.uses[new] += walk.uses[old]
        outputs = {name: walk.replaced.get(v, v) for name, v in graph.outputs.items()}
        graph = remove_dead_code(fold_constants(Graph(graph.inputs, outputs, walk.nodes)))
        if not walk.changed:
            break
    return graph


def _first_match(node: Node, rules: tuple[Rule, ...], walk: Rewriting) -> Any:
    for rule in rules:
        result = rule(node, walk)
        if result is not None:
            return result
    return None


def scalar(value: Value | None) -> float | None:
    """The number of a constant that holds the same number everywhere, else None."""
    if value is None or not value.constant:
        return None
    array = value.array()
    if array.size == 0 or not np.all(array == array.flat[0]):
        return None
    return float(array.flat[0])
