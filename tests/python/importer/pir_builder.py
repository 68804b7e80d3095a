"""Writes tiny PIR programs, operator by operator, as Paddle's JSON spells them."""

from __future__ import annotations

import json
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

TYPES = {
    "bool": ("t_bool", 0),
    "int16": ("t_i16", 1),
    "int32": ("t_i32", 2),
    "int64": ("t_i64", 3),
    "float16": ("t_f16", 4),
    "float32": ("t_f32", 5),
    "float64": ("t_f64", 6),
    "uint8": ("t_ui8", 20),
}
"""NumPy's name -> (PIR's name, number in `.pdiparams`)."""


@dataclass(frozen=True)
class DType:
    """An attribute that holds a data type."""

    name: str


@dataclass(frozen=True)
class IntArray:
    """An attribute of kind `a_intarray`."""

    values: list[int]


@dataclass(frozen=True)
class Float32:
    """A float attribute with 32 bits (a plain float is written with 64)."""

    value: float


class PirProgram:
    """Values are their numbers; a list of tensors is a number too."""

    def __init__(self, version: int = 4) -> None:
        self.version = version
        self.ops: list[dict[str, Any]] = []
        self.parameters: dict[str, Array] = {}
        self._last = 0
        self._columns = 0

    def parameter(self, name: str, array: Array) -> int:
        self.parameters[name] = array
        number = self._next()
        output = {"%": number, "TT": tensor_type(array.dtype.name, list(array.shape))}
        op = {"#": "p", "A": [0, 1, 1, name], "DA": [], "O": output, "OA": [1, 0, 1], "QA": []}
        self.ops.append(op)
        return number

    def data(self, name: str, shape: list[int], dtype: str = "float32") -> int:
        attrs = {"name": name, "shape": IntArray(shape), "dtype": DType(dtype)}
        return self.op("data", [], [(dtype, shape)], attrs)

    def op(
        self,
        name: str,
        inputs: Sequence[int],
        output: Sequence[tuple[str, list[int]]] = (("float32", [-1]),),
        attrs: dict[str, Any] | None = None,
        *,
        dialect: int = 1,
        layer: str = "/Layer/",
    ) -> int:
        """Adds an operator with outputs (type, shape); returns the first one's number."""
        first = self._last + 1
        outputs = [{"%": self._next(), "TT": tensor_type(dtype, s)} for dtype, s in output]
        self._add(name, inputs, outputs, attrs or {}, dialect, layer)
        return first

    def op_with_list(
        self,
        name: str,
        inputs: Sequence[int],
        members: Sequence[tuple[str, list[int]]],
        attrs: dict[str, Any] | None = None,
    ) -> list[int]:
        """Adds an operator that gives a list of tensors, and unpacks it."""
        types = [tensor_type(dtype, shape) for dtype, shape in members]
        whole = self._next()
        self._add(name, inputs, [{"%": whole, "TT": vector_type(types)}], attrs or {}, 1, "")
        unpacked = [{"%": self._next(), "TT": type_} for type_ in types]
        self._add("split", [whole], unpacked, {}, 0, "")
        return [item["%"] for item in unpacked]

    def combine(self, values: Sequence[int]) -> int:
        types = [tensor_type("float32", [-1])] * len(values)
        number = self._next()
        self._add("combine", values, [{"%": number, "TT": vector_type(types)}], {}, 0, "")
        return number

    def ints(self, values: list[int]) -> int:
        """`full_int_array`."""
        attrs = {"value": values, "dtype": DType("int64")}
        return self.op("full_int_array", [], [("int64", [len(values)])], attrs)

    def full(self, shape: list[int], value: float, dtype: str = "float32") -> int:
        attrs = {"shape": IntArray(shape), "value": float(value), "dtype": DType(dtype)}
        return self.op("full", [], [(dtype, shape)], attrs)

    def fetch(self, *values: int) -> None:
        for value in values:
            attrs = {"name": f"fetch_name_{self._columns}", "col": self._columns}
            self.op("fetch", [value], [("float32", [-1])], attrs)
            self._columns += 1

    def document(self) -> dict[str, Any]:
        block = {"#": "block_0", "args": [], "ops": self.ops}
        return {
            "base_code": {"magic": "pir", "trainable": True, "version": self.version},
            "program": {"regions": [{"#": "region_0", "blocks": [block]}]},
        }

    def write(self, folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "inference.json").write_text(json.dumps(self.document()))
        write_pdiparams(folder / "inference.pdiparams", self.parameters)
        return folder

    def _next(self) -> int:
        self._last += 1
        return self._last

    def _add(
        self,
        name: str,
        inputs: Sequence[int],
        outputs: list[dict[str, Any]],
        attrs: dict[str, Any],
        dialect: int,
        layer: str,
    ) -> None:
        if layer and dialect == 1:
            attrs = {**attrs, "struct_name": layer}
        self.ops.append(
            {
                "#": f"{dialect}.{name}",
                "A": [{"AT": attribute(value), "N": key} for key, value in attrs.items()],
                "I": [{"%": value} for value in inputs],
                "O": outputs,
                "OA": [],
            }
        )


def tensor_type(dtype: str, shape: list[int]) -> dict[str, Any]:
    return {"#": "0.t_dtensor", "D": [{"#": f"0.{TYPES[dtype][0]}"}, shape, "NCHW", [], 0]}


def vector_type(members: list[dict[str, Any]]) -> dict[str, Any]:
    return {"#": "0.t_vec", "D": members}


def attribute(value: Any) -> dict[str, Any]:
    if isinstance(value, DType):
        return {"#": "1.a_dtype", "D": value.name}
    if isinstance(value, IntArray):
        return {"#": "1.a_intarray", "D": value.values}
    if isinstance(value, Float32):
        return {"#": "0.a_f32", "D": float(np.float32(value.value))}
    if isinstance(value, bool):
        return {"#": "0.a_bool", "D": value}
    if isinstance(value, int):
        return {"#": "0.a_i32", "D": value}
    if isinstance(value, float):
        if np.isinf(value) or np.isnan(value):
            return {"#": "0.a_f64", "VD": {1: "INF", -1: "-INF"}.get(np.sign(value), "NaN")}
        return {"#": "0.a_f64", "D": value}
    if isinstance(value, str):
        return {"#": "0.a_str", "D": value}
    return {"#": "0.a_array", "D": [attribute(member) for member in value]}


def write_pdiparams(path: Path, parameters: dict[str, Array]) -> None:
    """Tensors back to back, by name as byte strings."""
    with path.open("wb") as file:
        for name in sorted(parameters, key=lambda text: text.encode()):
            file.write(pdiparams_tensor(parameters[name]))


def pdiparams_tensor(array: Array, **changes: Any) -> bytes:
    """One tensor; `changes` may replace dims, code, or the three zeros of the header."""
    dims = changes.get("dims", list(array.shape))
    description = b"\x08" + varint(changes.get("code", TYPES[array.dtype.name][1]))
    description += b"".join(b"\x10" + varint(dim) for dim in dims)
    version, levels, tensor_version = changes.get("header", (0, 0, 0))
    size = changes.get("description_size", len(description))
    header = struct.pack("<IQIi", version, levels, tensor_version, size)
    return header + description + np.ascontiguousarray(array).tobytes()


def varint(number: int) -> bytes:
    number &= (1 << 64) - 1
    out = bytearray()
    while number >= 0x80:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)
