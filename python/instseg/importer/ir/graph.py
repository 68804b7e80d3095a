"""The graph that both program formats are read into, and that becomes ONNX.

A `Value` is defined once (by a node, as an input, or as a constant) and is compared by identity.
Operators and their attributes have one spelling, whatever the format (`program/operators.py`).
Passes take a graph and return a new one; they may share values with the old one.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from instseg.errors import ModelError

from .dims import Dim, Shape, static, text

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Deferred:
    """A constant that is computed when it is written, so that no two copies exist at a time."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    compute: Callable[[], Array]


@dataclass(eq=False)
class Value:
    """A tensor.

    name     the program's own: `%1384` (PIR value id) or a variable name of the legacy format
    shape    sizes; a symbol where one depends on the batch
    data     the numbers, where the value is constant
    content  the elements in C order, where the value is a small integer tensor whose elements are
             sizes known up to a symbol (what `shape` and arithmetic on it return)
    """

    name: str
    dtype: np.dtype[Any]
    shape: Shape
    data: Array | Deferred | None = None
    content: tuple[Dim, ...] | None = None

    @property
    def constant(self) -> bool:
        return self.data is not None

    def array(self) -> Array:
        """The numbers of a constant."""
        if self.data is None:
            raise ModelError(f"value {self.name} is not constant")
        return self.data.compute() if isinstance(self.data, Deferred) else self.data

    def __repr__(self) -> str:
        return f"{self.name}: {self.dtype}{text(self.shape)}{' const' if self.constant else ''}"


@dataclass(eq=False)
class Node:
    """One operator.

    inputs   None stands for an optional input that is absent
    index    position in the program, for messages
    source   the layer path the exporter recorded, for messages
    """

    op: str
    inputs: list[Value | None]
    outputs: list[Value]
    attrs: dict[str, Any] = field(default_factory=dict)
    index: int = -1
    source: str = ""

    def input(self, position: int) -> Value:
        value = self.inputs[position] if position < len(self.inputs) else None
        if value is None:
            raise ModelError(f"{self.describe()}: input {position} is missing")
        return value

    def optional(self, position: int) -> Value | None:
        return self.inputs[position] if position < len(self.inputs) else None

    @property
    def output(self) -> Value:
        return self.outputs[0]

    def describe(self) -> str:
        """`operator 'topk' (number 1769 -> %1770, in /MaskRTDETR/)`."""
        outputs = ", ".join(value.name for value in self.outputs[:3])
        layer = f", in {self.source}" if self.source else ""
        return f"operator '{self.op}' (number {self.index} -> {outputs}{layer})"


MALFORMED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    MemoryError,
    TypeError,
    ValueError,
)
"""What operands of the wrong kind, rank or size cause in Python and NumPy."""


@contextmanager
def blame(node: Node) -> Iterator[None]:
    """Turns the errors that malformed operands cause into a ModelError that names the operator."""
    try:
        yield
    except ModelError as error:
        if f"'{node.op}'" in str(error):
            raise
        raise ModelError(f"{node.describe()}: {error}") from None
    except MALFORMED as error:
        inputs = ", ".join(str(value) for value in node.inputs[:8])
        raise ModelError(
            f"{node.describe()} is malformed: {type(error).__name__}: {error}; inputs: {inputs}"
        ) from error


@dataclass
class Graph:
    """Nodes in an order in which every value is defined before it is used."""

    inputs: list[Value]
    outputs: dict[str, Value]
    nodes: list[Node]

    def producers(self) -> dict[Value, Node]:
        return {value: node for node in self.nodes for value in node.outputs}

    def use_counts(self) -> Counter[Value]:
        """How often each value is read; being an output of the graph counts."""
        counts: Counter[Value] = Counter(self.outputs.values())
        for node in self.nodes:
            counts.update(value for value in node.inputs if value is not None)
        return counts

    def values(self) -> Iterator[Value]:
        """Every value once: inputs, constants and results."""
        seen: set[Value] = set()
        for group in ([self.inputs], ([*n.inputs, *n.outputs] for n in self.nodes)):
            for values in group:
                for value in values:
                    if value is not None and value not in seen:
                        seen.add(value)
                        yield value

    def find(self, name: str) -> Value:
        """The value of that program name."""
        for value in self.values():
            if value.name == name:
                return value
        raise ModelError(f"the program has no value named {name!r}")


def constant(name: str, array: Array) -> Value:
    return Value(name, array.dtype, tuple(array.shape), data=array)


def known_ints(value: Value) -> tuple[Dim, ...] | None:
    """Elements of a small integer tensor: ints, or symbols where they depend on the batch."""
    if value.content is not None:
        return value.content
    if value.data is not None and value.dtype.kind in "iu":
        size = static(value.shape)
        if size is not None and int(np.prod(size)) <= 64:
            return tuple(int(x) for x in value.array().reshape(-1))
    return None
