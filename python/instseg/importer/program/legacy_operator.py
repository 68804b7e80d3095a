"""What a rule of `legacy_rules.py` sees of one operator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from instseg.errors import ModelError

from .. import limits
from ..brief import brief
from ..ir.graph import Node, Value, constant
from .program_desc import OpDesc

NumpyType = type[np.generic]


class LegacyOperator:
    """Inputs, outputs and attributes by name.

    `before` collects nodes that a rule needs in front of its own.
    """

    def __init__(
        self,
        desc: OpDesc,
        index: int,
        read: Callable[[str], Value],
        define: Callable[[str], Value],
    ) -> None:
        self.desc = desc
        self.index = index
        self.before: list[Node] = []
        self._read = read
        self._define = define

    def placeholder(self) -> Node:
        """A node for messages about this operator."""
        names = [name for slot in self.desc.outputs.values() for name in slot]
        outputs = [Value(name, np.dtype(np.void), ()) for name in names]
        return Node(self.desc.type, [], outputs, {}, self.index, self._source())

    def attr(self, name: str, default: Any = None) -> Any:
        return self.desc.attrs.get(name, default)

    def integer(self, name: str, default: int) -> int:
        number = self.attr(name, default)
        if type(number) is not int:
            raise ModelError(f"attribute {name!r} is {brief(number)}, not a whole number")
        return number

    def output_name(self, slot: str) -> str:
        names = self.desc.outputs.get(slot, [])
        if len(names) != 1:
            raise ModelError(f"one output {slot!r} expected, {len(names)} given")
        return names[0]

    def inputs(self, slot: str) -> list[Value]:
        return [self._read(name) for name in self.desc.inputs.get(slot, [])]

    def optional(self, slot: str) -> Value | None:
        values = self.inputs(slot)
        return values[0] if values else None

    def input(self, slot: str) -> Value:
        value = self.optional(slot)
        if value is None:
            raise ModelError(f"input {slot!r} is missing")
        return value

    def node(
        self,
        op: str,
        inputs: list[Value | None],
        attrs: dict[str, Any] | None = None,
        outputs: tuple[str, ...] = ("Out",),
    ) -> Node:
        """The operator in its normal form; `outputs` are the slots that count, in order."""
        values = [
            self._define(name) for slot in outputs for name in self.desc.outputs.get(slot, [])
        ]
        if not values:
            raise ModelError(f"outputs {outputs} are missing")
        return Node(op, inputs, values, attrs or {}, self.index, self._source())

    def ints(self, attribute: str, tensor: str = "", tensor_list: str = "") -> Value:
        """Integers that come as a list of tensors, as one tensor, or as an attribute."""
        parts = self.inputs(tensor_list) if tensor_list else []
        if parts:
            return self._joined(parts, attribute)
        given = self.optional(tensor) if tensor else None
        if given is not None:
            return given
        numbers = self.attr(attribute)
        if numbers is None:
            raise ModelError(f"attribute {attribute!r} is missing")
        return self.constant(numbers if isinstance(numbers, list) else [numbers], attribute)

    def constant(self, numbers: Any, what: str, dtype: NumpyType = np.int64) -> Value:
        """A constant operand, named after the operator's first output."""
        names = [name for slot in self.desc.outputs.values() for name in slot]
        return constant(f"{names[0] if names else self.desc.type}:{what}", np.array(numbers, dtype))

    def _joined(self, parts: list[Value], what: str) -> Value:
        """One vector of tensors that hold one number each, with or without an axis."""
        if len(parts) > limits.MAX_RANK:
            raise ModelError(f"{len(parts)} numbers for {what!r}; at most {limits.MAX_RANK}")
        one, axis = self.constant([1], f"{what}:one"), self.constant([0], f"{what}:axis")
        vectors: list[Value | None] = []
        for part in parts:
            vector = Value(f"{part.name}:{what}", part.dtype, (1,))
            self.before.append(self._helper("reshape", [part, one], vector))
            vectors.append(vector)
        joined = Value(f"{parts[0].name}:{what}:all", parts[0].dtype, (len(parts),))
        self.before.append(self._helper("concat", [*vectors, axis], joined))
        return joined

    def _helper(self, op: str, inputs: list[Value | None], output: Value) -> Node:
        return Node(op, inputs, [output], {}, self.index, self._source())

    def _source(self) -> str:
        """The layer path: newer exporters record one, older ones a name scope."""
        return str(self.attr("struct_name") or self.attr("op_namescope") or "")[:200]
