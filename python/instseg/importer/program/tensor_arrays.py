"""Lists of tensors that a program fills in a loop (`array_write`) and joins afterwards.

Loops are read as their first pass (`control_flow.py`), so every list has its members by name when
the operator that reads it is met.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from instseg.errors import ModelError

from ..ir.graph import Node, Value, constant


class TensorArrays:
    """The members of every list, in the order in which they were written."""

    def __init__(self) -> None:
        self._members: dict[Hashable, list[Value]] = {}

    def __contains__(self, array: Hashable) -> bool:
        return array in self._members

    def create(self, array: Hashable) -> None:
        self._members[array] = []

    def write(self, array: Hashable, value: Value) -> None:
        self._members.setdefault(array, []).append(value)

    def length(self, array: Hashable, node: Node) -> None:
        """Makes `node` the number of members."""
        count = len(self._members.get(array, []))
        node.op, node.inputs, node.attrs = "full_int_array", [], {"value": [count]}

    def join(self, array: Hashable, node: Node, axis: int, stacked: bool) -> None:
        """Makes `node` all members, one after the other or along a new axis."""
        members: list[Value | None] = [*self._of(array)]
        if stacked:
            node.op, node.inputs, node.attrs = "stack", members, {"axis": axis}
        elif len(members) == 1:
            node.op, node.inputs, node.attrs = "identity", members, {}
        else:
            place = constant(f"{node.output.name}:axis", np.array([axis], np.int64))
            node.op, node.inputs, node.attrs = "concat", [*members, place], {}
        node.outputs = node.outputs[:1]

    def only_member(self, array: Hashable, node: Node) -> None:
        """Makes `node` a member chosen by number, where there is one only."""
        members = self._of(array)
        if len(members) != 1:
            raise ModelError(f"a member of a list of {len(members)} tensors is not supported")
        node.op, node.inputs, node.attrs = "identity", [*members], {}

    def _of(self, array: Hashable) -> list[Value]:
        members = self._members.get(array, [])
        if not members:
            raise ModelError("a list of tensors is read before anything is written to it")
        return members
