"""Writes tiny legacy programs (ProgramDesc protobuf), operator by operator."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from pir_builder import TYPES, varint, write_pdiparams

Array = npt.NDArray[Any]

INT, FLOAT, STRING, INTS, FLOATS, STRINGS, BOOLEAN = range(7)
BLOCK, LONG, LONGS, SCALARS = 8, 9, 11, 18
"""AttrType of framework.proto."""


class LegacyProgram:
    """Variables are their names."""

    def __init__(self) -> None:
        self.variables: dict[str, bytes] = {}
        self.operators: list[bytes] = []
        self.parameters: dict[str, Array] = {}
        self._columns = 0
        for name, kind in (("feed", 9), ("fetch", 10)):
            type_ = field(1, kind)
            self.variables[name] = field(1, name) + field(2, type_) + field(3, True)

    def variable(
        self, name: str, shape: list[int], dtype: str = "float32", *, persistable: bool = False
    ) -> str:
        dims = b"".join(field(2, dim) for dim in shape)
        tensor = field(1, TYPES[dtype][1]) + dims
        type_ = field(1, 7) + field(3, field(1, tensor))
        self.variables[name] = field(1, name) + field(2, type_) + field(3, persistable)
        return name

    def parameter(self, name: str, array: Array) -> str:
        self.parameters[name] = array
        return self.variable(name, list(array.shape), array.dtype.name, persistable=True)

    def feed(self, name: str, shape: list[int], dtype: str = "float32") -> str:
        self.variable(name, shape, dtype)
        self.op("feed", {"X": ["feed"]}, {"Out": [name]}, {"col": self._columns})
        return name

    def fetch(self, *names: str) -> None:
        for name in names:
            self.op("fetch", {"X": [name]}, {"Out": ["fetch"]}, {"col": self._columns})
            self._columns += 1

    def op(
        self,
        type_: str,
        inputs: dict[str, list[str]],
        outputs: dict[str, list[str]],
        attrs: dict[str, Any] | None = None,
    ) -> None:
        message = b"".join(field(1, slot(key, names)) for key, names in inputs.items())
        message += b"".join(field(2, slot(key, names)) for key, names in outputs.items())
        message += field(3, type_)
        message += b"".join(field(4, attribute(k, v)) for k, v in (attrs or {}).items())
        self.operators.append(message)

    def result(
        self,
        type_: str,
        inputs: dict[str, list[str]],
        name: str,
        shape: list[int],
        attrs: dict[str, Any] | None = None,
        *,
        output: str = "Out",
        dtype: str = "float32",
    ) -> str:
        """An operator with one output, whose variable is declared too."""
        self.variable(name, shape, dtype)
        self.op(type_, inputs, {output: [name]}, attrs)
        return name

    def serialize(self) -> bytes:
        block = field(1, 0) + field(2, -1)
        block += b"".join(field(3, variable) for variable in self.variables.values())
        block += b"".join(field(4, operator) for operator in self.operators)
        return field(1, block) + field(4, field(1, 0))

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "inference.pdmodel").write_bytes(self.serialize())
        write_pdiparams(folder / "inference.pdiparams", self.parameters)
        return folder


def field(number: int, value: bytes | str | int) -> bytes:
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def slot(name: str, arguments: list[str]) -> bytes:
    return field(1, name) + b"".join(field(2, argument) for argument in arguments)


class Scalars(list[float]):
    """A list that is written as Scalar messages, as newer exporters do."""


def attribute(name: str, value: Any) -> bytes:
    head = field(1, name)
    if isinstance(value, Scalars):
        parts = b"".join(field(21, field(1, 4) + float64(4, number)) for number in value)
        return head + field(2, SCALARS) + parts
    if isinstance(value, bool):
        return head + field(2, BOOLEAN) + field(10, int(value))
    if isinstance(value, int):
        return head + field(2, INT) + field(3, value)
    if isinstance(value, float):
        return head + field(2, FLOAT) + varint(4 << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, str):
        return head + field(2, STRING) + field(5, value)
    if value and isinstance(value[0], float):
        numbers = b"".join(varint(7 << 3 | 5) + struct.pack("<f", number) for number in value)
        return head + field(2, FLOATS) + numbers
    return head + field(2, INTS) + b"".join(field(6, int(number)) for number in value)


def float64(number: int, value: float) -> bytes:
    return varint(number << 3 | 1) + struct.pack("<d", np.float64(value))
