"""Cuts a sub-graph out of a graph, between values that are named as in the program."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

from instseg.errors import ModelError

from .graph import Graph, Node, Value


def extract(
    graph: Graph,
    inputs: Sequence[str | Value] | Mapping[str, str | Value],
    outputs: Sequence[str | Value] | Mapping[str, str | Value],
) -> Graph:
    """Returns the part of `graph` between `inputs` and `outputs` as a graph of its own.

    Values are given as objects or by name: `%1384` for PIR (the number behind "%" in
    `inference.json`), the variable name for `.pdmodel` (`relu_0.tmp_0`; a later definition of the
    same variable is `relu_0.tmp_0@1`, `@2`, ...), the parameter's or input's name for those.
    In a sequence every value keeps its own name; a mapping gives {new name: value}. `graph` itself
    is left as it is. Raises ModelError for a name that the program does not have, and where an
    output depends on an input of the program that is not among `inputs`.
    """
    by_name: dict[str, Value] = {}
    ambiguous: set[str] = set()
    for value in graph.values():
        if by_name.setdefault(value.name, value) is not value:
            ambiguous.add(value.name)
    cut = {value: name for name, value in _named(inputs, by_name, ambiguous).items()}
    wanted = _named(outputs, by_name, ambiguous)

    needed, nodes = set(wanted.values()) - set(cut), list[Node]()
    for node in reversed(graph.nodes):
        if any(value in needed for value in node.outputs):
            nodes.append(node)
            needed.update(v for v in node.inputs if v is not None and v not in cut)
    missing = [value.name for value in graph.inputs if value in needed]
    if missing:
        raise ModelError(
            f"the outputs {list(wanted)} depend on {missing}, which is not among the inputs"
        )

    copies: dict[Value, Value] = {}
    fresh = [Value(name, value.dtype, value.shape) for value, name in cut.items()]
    copies.update(zip(cut, fresh, strict=True))

    def copy(value: Value) -> Value:
        if value not in copies:
            copies[value] = Value(value.name, value.dtype, value.shape, value.data, value.content)
        return copies[value]

    copied = [
        Node(
            node.op,
            [None if value is None else copy(value) for value in node.inputs],
            [copy(value) for value in node.outputs],
            dict(node.attrs),
            node.index,
            node.source,
        )
        for node in reversed(nodes)
    ]
    return Graph(fresh, {name: copy(value) for name, value in wanted.items()}, copied)


def _named(
    values: Sequence[str | Value] | Mapping[str, str | Value],
    by_name: Mapping[str, Value],
    ambiguous: Set[str],
) -> dict[str, Value]:
    items = (
        values.items()
        if isinstance(values, Mapping)
        else [(value if isinstance(value, str) else value.name, value) for value in values]
    )
    found: dict[str, Value] = {}
    for name, value in items:
        if isinstance(value, str):
            if value not in by_name:
                raise ModelError(f"the program has no value named {value!r}")
            if value in ambiguous:
                raise ModelError(f"the program has several values named {value!r}")
            value = by_name[value]
        found[name] = value
    return found
