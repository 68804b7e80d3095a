"""Parses a legacy `.pdmodel`: the protobuf message ProgramDesc of Paddle's framework.proto.

The first block is the main one; operators of control flow (`while`, `conditional_block`) name
theirs by number in the attribute `sub_block`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instseg.errors import ModelError

from .. import limits
from ..read_bytes import read_bytes
from .protobuf_wire import (
    Payload,
    as_bytes,
    as_float32,
    as_float64,
    as_int,
    as_text,
    fields,
    floats,
    ints,
)

LOD_TENSOR = 7
"""VarType.Type of ordinary tensors; 9 and 10 are the feed and fetch lists."""

BOOLEAN_ATTRIBUTE, BOOLEANS_ATTRIBUTE = 6, 7
"""AttrType."""


@dataclass
class VarDesc:
    """One variable of the block; `dims` holds -1 where the size is open."""

    name: str = ""
    kind: int = -1
    data_type: int | None = None
    dims: list[int] = field(default_factory=list)
    persistable: bool = False


@dataclass
class OpDesc:
    """One operator; inputs and outputs map a slot such as "X" to variable names."""

    type: str = ""
    inputs: dict[str, list[str]] = field(default_factory=dict)
    outputs: dict[str, list[str]] = field(default_factory=dict)
    attrs: dict[str, Any] = field(default_factory=dict)


@dataclass
class BlockDesc:
    variables: dict[str, VarDesc] = field(default_factory=dict)
    operators: list[OpDesc] = field(default_factory=list)


def _name(payload: Payload) -> str:
    """Of an operator, a variable or a slot."""
    if len(as_bytes(payload)) > limits.MAX_NAME_LENGTH:
        raise ModelError(f"a name of {len(as_bytes(payload))} bytes is not accepted")
    return as_text(payload)


def read_program_desc(path: Path) -> list[BlockDesc]:
    """Returns all blocks. Raises ModelError where the file is damaged or of another kind."""
    raw = memoryview(read_bytes(path, limits.MAX_PROGRAM_BYTES))
    blocks: list[BlockDesc] = []
    try:
        for number, _, payload in list(fields(raw)):  # to the end: a truncated file is noticed
            if number == 1:
                blocks.append(_block(as_bytes(payload)))
        if not blocks or not blocks[0].operators:
            raise ModelError("it has no main block with operators")
    except ModelError as error:
        raise ModelError(f"{path} is no valid ProgramDesc: {error}") from None
    return blocks


def _block(data: memoryview) -> BlockDesc:
    block, operands = BlockDesc(), 0
    for number, _, payload in fields(data):
        if number == 3:
            variable = _variable(as_bytes(payload))
            block.variables[variable.name] = variable
        elif number == 4:
            block.operators.append(_operator(as_bytes(payload)))
            operands += sum(map(len, block.operators[-1].inputs.values()))
        if len(block.operators) > limits.MAX_OPERATORS:
            raise ModelError(f"more than {limits.MAX_OPERATORS} operators")
        if operands > limits.MAX_OPERANDS:
            raise ModelError(f"more than {limits.MAX_OPERANDS} operands")
        if len(block.variables) > 4 * limits.MAX_OPERATORS:
            raise ModelError(f"more than {4 * limits.MAX_OPERATORS} variables")
    return block


def _variable(data: memoryview) -> VarDesc:
    variable = VarDesc()
    for number, _, payload in fields(data):
        if number == 1:
            variable.name = _name(payload)
        elif number == 2:
            _variable_type(as_bytes(payload), variable)
        elif number == 3:
            variable.persistable = bool(as_int(payload))
    return variable


def _variable_type(data: memoryview, variable: VarDesc) -> None:
    for number, _, payload in fields(data):
        if number == 1:
            variable.kind = as_int(payload)
        elif number == 3:  # LoDTensorDesc: 1 tensor
            for inner, _, tensor in fields(as_bytes(payload)):
                if inner == 1:
                    _tensor(as_bytes(tensor), variable)


def _tensor(data: memoryview, variable: VarDesc) -> None:
    for number, wire_type, payload in fields(data):
        if number == 1:
            variable.data_type = as_int(payload)
        elif number == 2:
            variable.dims += ints(wire_type, payload)
    if len(variable.dims) > limits.MAX_RANK + 1:  # XShape outputs have one axis more
        raise ModelError(f"variable {variable.name!r} has {len(variable.dims)} axes")


def _operator(data: memoryview) -> OpDesc:
    operator = OpDesc()
    for number, _, payload in fields(data):
        if number in (1, 2):
            slot, names = "", []
            for inner, _, text in fields(as_bytes(payload)):
                if inner == 1:
                    slot = _name(text)
                elif inner == 2:
                    names.append(_name(text))
            (operator.inputs if number == 1 else operator.outputs)[slot] = names
        elif number == 3:
            operator.type = _name(payload)
        elif number == 4:
            name, value = _attribute(as_bytes(payload))
            operator.attrs[name] = value
    return operator


def _attribute(data: memoryview) -> tuple[str, Any]:
    """(name, value): a number, text, list, or None for kinds that no operator here has."""
    name, kind = "", -1
    single: Any = None
    several: list[Any] = []
    for number, wire_type, payload in fields(data):
        if number == 1:
            name = _name(payload)
        elif number == 2:
            kind = as_int(payload)
        elif number in (3, 10, 12, 13):  # i, b, block number, l
            single = as_int(payload)
        elif number == 4:
            single = as_float32(payload)
        elif number == 19:
            single = as_float64(payload)
        elif number == 5:
            single = as_text(payload)
        elif number in (6, 11, 15):  # ints, bools, longs
            several += ints(wire_type, payload)
        elif number == 7:
            several += floats(wire_type, payload, 4)
        elif number == 16:
            several += floats(wire_type, payload, 8)
        elif number == 8:
            several.append(as_text(payload))
        elif number in (20, 21):  # scalar, scalars
            several.append(_scalar(payload))
    if kind == BOOLEAN_ATTRIBUTE:
        return name, bool(single)
    if kind == BOOLEANS_ATTRIBUTE:
        return name, [bool(flag) for flag in several]
    return name, single if single is not None else several


def _scalar(payload: Payload) -> Any:
    """A Scalar message: 2 boolean, 3 integer, 4 float64 (the kind in field 1 says the same)."""
    value: Any = 0
    for number, _, part in fields(as_bytes(payload)):
        if number == 2:
            value = bool(as_int(part))
        elif number == 3:
            value = as_int(part)
        elif number == 4:
            value = as_float64(part)
    return value
