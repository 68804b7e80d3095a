"""Reads a PIR program, `inference.json`, as Paddle 3.0 to 3.3 write it.

The JSON holds `base_code` (magic, version) and `program.regions[0].blocks[0].ops`. An operator has
`#` (dialect number and name; 0 builtin, 1 pd_op), `A` attributes, `I` inputs, `O` outputs with
types; `p` is a parameter. Values are numbered: `{"%": 1384}`, 0 being "absent". Attributes carry
their type (`0.a_f32`, `0.a_f64`, ...) and their number in `D`, or in `VD` where JSON has none
("INF", "NaN"). Values are named after their number, `%1384`; parameters keep their names.

Operators with regions: the body of a `while` is read once, as its first pass, and its operators
are marked `in_loop` (exported programs loop over the images of a batch; nothing dense may depend
on that); both branches of an `if` are read, and `if` (condition, then, else) chooses.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeGuard

import numpy as np

from instseg.errors import ModelError

from .. import limits
from ..brief import brief
from ..ir.dims import Shape, Symbol
from ..ir.graph import Array, Graph, Node, Value, blame
from ..read_bytes import read_bytes
from .data_types import ATTRIBUTE_TYPES, OPAQUE_TYPE, PIR_TYPES
from .normalise import Arguments, normalise_pir
from .pdiparams import Declared, read_pdiparams
from .tensor_arrays import TensorArrays

SUPPORTED_VERSIONS = range(1, 5)
"""`base_code.version`: 1 from Paddle 3.0, 4 from Paddle 3.3."""

MAX_ATTRIBUTE_DEPTH = 4
"""Lists in lists; official programs have none of them."""

BUILTIN = "0"
"""Number of the builtin dialect."""

SPECIAL_NUMBERS = {"INF": float("inf"), "-INF": float("-inf"), "NAN": float("nan")}


def read_pir(program_path: Path, parameter_path: Path) -> Graph:
    """Returns the whole program; its outputs are named `fetch_0`, `fetch_1`, ... by column."""
    operators = _operators(program_path)
    reader = _Reader(str(program_path))
    reader.declare_parameters(operators)
    arrays = read_pdiparams(parameter_path, reader.declared)
    return reader.read(operators, arrays)


def _operators(path: Path) -> list[dict[str, Any]]:
    raw = read_bytes(path, limits.MAX_PROGRAM_BYTES)
    try:
        document = json.loads(raw)
    except RecursionError:
        raise ModelError(f"{path} is nested too deeply to be a program") from None
    except ValueError as error:
        raise ModelError(f"{path} is no valid JSON: {error}") from None
    del raw
    try:
        header = document["base_code"]
        magic, version = header["magic"], header["version"]
        blocks = document["program"]["regions"][0]["blocks"]
        operators = blocks[0]["ops"]
    except (KeyError, IndexError, TypeError):
        raise ModelError(
            f"{path} is not a PIR program: 'base_code' or 'program' is missing"
        ) from None
    if magic != "pir" or type(version) is not int or version not in SUPPORTED_VERSIONS:
        raise ModelError(
            f"{path} is of format {brief(magic)} version {brief(version)}; supported is 'pir' "
            f"version {SUPPORTED_VERSIONS[0]} to {SUPPORTED_VERSIONS[-1]} (Paddle 3.0 to 3.3)"
        )
    if not isinstance(operators, list) or not all(isinstance(op, dict) for op in operators):
        raise ModelError(f"{path}: the block's 'ops' is not a list of objects")
    if len(operators) > limits.MAX_OPERATORS:
        raise ModelError(f"{path} has {len(operators)} operators; at most {limits.MAX_OPERATORS}")
    return operators


class _Reader:
    def __init__(self, what: str) -> None:
        self.what = what
        self.declared: dict[str, Declared] = {}
        self.values: dict[int, Value | list[Value]] = {}
        self.arrays = TensorArrays()
        self.graph = Graph([], {}, [])
        self.fetched: dict[int, Value] = {}
        self.unknown_sizes = 0
        self.operands = 0
        self.loops = 0  # around the present operator

    def declare_parameters(self, operators: list[dict[str, Any]]) -> None:
        for index, op in enumerate(operators):
            if op.get("#") != "p":
                continue
            place = f"{self.what}: parameter (operator {index})"
            name = _item(op, "A", list, place)[3:4]
            if len(name) != 1 or not _is_name(name[0]):
                raise ModelError(f"{place} has no valid name")
            dtype, shape = self._tensor_type(_item(op, "O", dict, place).get("TT"), place)
            known = tuple(dim for dim in shape if isinstance(dim, int))
            if len(known) != len(shape) or dtype == OPAQUE_TYPE:
                raise ModelError(f"{place} {name[0]!r} has no fixed type and shape")
            if name[0] in self.declared:
                raise ModelError(f"{place}: {name[0]!r} is declared twice")
            self.declared[name[0]] = Declared(dtype, known)

    def read(self, operators: list[dict[str, Any]], arrays: Mapping[str, Array]) -> Graph:
        for index, op in enumerate(operators):
            if op.get("#") == "p":
                place = f"{self.what}: operator {index} (p)"
                name = _item(op, "A", list, place)[3]
                value = Value(name, arrays[name].dtype, arrays[name].shape, data=arrays[name])
                self._define(_number(op["O"], place), value, place)
            else:
                self._operator(op, index, depth=0)
        if not self.fetched:
            raise ModelError(f"{self.what} has no output (no 'fetch' operator)")
        columns = sorted(self.fetched)
        self.graph.outputs = {f"fetch_{column}": self.fetched[column] for column in columns}
        return self.graph

    def _operator(self, op: dict[str, Any], index: int, depth: int) -> None:
        """Adds one operator, and those of its regions, to the graph."""
        dialect_name = op.get("#")
        if not _is_name(dialect_name):
            raise ModelError(f"{self.what}: operator {index} has no valid name")
        place = f"{self.what}: operator {index} ({dialect_name})"
        attrs = self._attributes(op, place)
        inputs = self._inputs(op, place)
        dialect, _, name = dialect_name.rpartition(".")
        if name == "fetch":
            column = _column(attrs, place)
            if column in self.fetched:
                raise ModelError(f"{place}: column {column} is fetched twice")
            self.fetched[column] = _single(inputs, place)
        elif dialect == BUILTIN and name == "combine":
            self._combine(op, inputs, place)
        elif dialect == BUILTIN and name == "split":
            self._unpack(op, inputs, place)
        elif name == "while" and "regions" in op:
            self._while(op, inputs, index, depth, place)
        elif name == "if" and "regions" in op:
            self._if(op, inputs, index, depth, place)
        else:
            outputs = self._outputs(op, place)
            source = str(attrs.pop("struct_name", ""))[:200]
            if name == "data":
                if not _is_name(attrs.get("name")):
                    raise ModelError(f"{place}: the input has no valid name")
                outputs[0].name = attrs["name"]
                self.graph.inputs.append(outputs[0])
                return
            if "regions" in op:
                attrs = {"control_flow": True}
            self._add(Node(name, [], outputs, attrs, index, source), inputs, place)

    def _add(self, node: Node, inputs: Arguments, place: str) -> None:
        nodes = normalise_pir(node, inputs)
        with blame(node):
            self._array_operator(node, inputs, place)
        for made in nodes:
            if self.loops:
                made.attrs["in_loop"] = True
            self.graph.nodes.append(made)
        if len(self.graph.nodes) > limits.MAX_OPERATORS:
            raise ModelError(f"{self.what} has more than {limits.MAX_OPERATORS} operators")

    def _array_operator(self, node: Node, inputs: Arguments, place: str) -> None:
        """Replaces the operators on lists of tensors by what they give."""
        if node.op == "create_array":
            self.arrays.create(node.output)
        elif node.op == "array_write_":
            self.arrays.write(inputs[0], _tensor(inputs[1], place))  # type: ignore[arg-type]
        elif node.op == "array_length":
            self.arrays.length(inputs[0], node)  # type: ignore[arg-type]
        elif node.op == "array_to_tensor":
            axis, stacked = int(node.attrs.get("axis", 0)), bool(node.attrs.get("use_stack"))
            self.arrays.join(inputs[0], node, axis, stacked)  # type: ignore[arg-type]
        elif node.op == "slice_array_dense":
            self.arrays.only_member(inputs[0], node)  # type: ignore[arg-type]

    def _while(
        self, op: dict[str, Any], inputs: Arguments, index: int, depth: int, place: str
    ) -> None:
        """Inputs: condition, initial values; the body yields the condition and the next values."""
        (block,) = self._blocks(op, 1, place)
        arguments = _item(block, "args", list, place)
        if len(arguments) != len(inputs) - 1:
            raise ModelError(f"{place}: {len(arguments)} arguments for {len(inputs)} inputs")
        for argument, value in zip(arguments, inputs[1:], strict=True):
            number = argument.get("#") if isinstance(argument, dict) else None
            if type(number) is not int or value is None:
                raise ModelError(f"{place}: damaged argument")
            self._define(number, value, place)
        self.loops += 1
        results = self._block(block, index, depth + 1, place)
        self.loops -= 1
        for item, value in zip(_item(op, "O", list, place), results[1:], strict=False):
            self._define(_number(item, place), value, place)

    def _if(
        self, op: dict[str, Any], inputs: Arguments, index: int, depth: int, place: str
    ) -> None:
        condition = _single(inputs, place)
        blocks = self._blocks(op, 2, place)
        yes, no = (self._block(block, index, depth + 1, place) for block in blocks)
        for output, then, otherwise in zip(self._outputs(op, place), yes, no, strict=False):
            self._add(Node("if", [], [output], {}, index), [condition, then, otherwise], place)

    def _blocks(self, op: dict[str, Any], count: int, place: str) -> list[dict[str, Any]]:
        """The one block of each region."""
        regions = _item(op, "regions", list, place)
        blocks = [
            block
            for region in regions
            for block in (region.get("blocks") if isinstance(region, dict) else None) or [None]
        ]
        if len(blocks) != count or not all(isinstance(block, dict) for block in blocks):
            raise ModelError(f"{place}: {count} region(s) of one block each expected")
        return blocks

    def _block(
        self, block: dict[str, Any], index: int, depth: int, place: str
    ) -> list[Value | list[Value]]:
        """Adds the block's operators; returns what it yields. They count as operator `index`."""
        if depth > limits.MAX_BLOCK_DEPTH:
            raise ModelError(f"{place}: more than {limits.MAX_BLOCK_DEPTH} nested blocks")
        for inner in _item(block, "ops", list, place):
            if not isinstance(inner, dict):
                raise ModelError(f"{place}: damaged block")
            if str(inner.get("#")).endswith(".yield"):
                values = self._inputs(inner, place)
                if any(value is None for value in values):
                    raise ModelError(f"{place}: a block yields nothing where a value is expected")
                return values  # type: ignore[return-value]
            self._operator(inner, index, depth)
        raise ModelError(f"{place}: a block does not end in 'yield'")

    def _inputs(self, op: dict[str, Any], place: str) -> Arguments:
        arguments: Arguments = []
        for item in _item(op, "I", list, place):
            number = _number(item, place)
            if number == 0:
                arguments.append(None)
            elif number in self.values:
                arguments.append(self.values[number])
            else:
                raise ModelError(f"{place}: input %{brief(number)} is not defined before its use")
        self.operands += sum(len(a) if isinstance(a, list) else 1 for a in arguments)
        if self.operands > limits.MAX_OPERANDS:
            raise ModelError(f"{place}: more than {limits.MAX_OPERANDS} operands in all")
        return arguments

    def _outputs(self, op: dict[str, Any], place: str) -> list[Value]:
        """Defines the operator's results; a list of tensors becomes one output per tensor."""
        outputs: list[Value] = []
        for item in _item(op, "O", list, place):
            number = _number(item, place)
            if number == 0:
                continue
            type_ = item.get("TT")
            if isinstance(type_, dict) and _tag(type_) == "t_vec":
                members = [
                    Value(f"%{number}[{position}]", *self._tensor_type(member, place))
                    for position, member in enumerate(_item(type_, "D", list, place))
                ]
                self._define(number, members, place)
                outputs += members
            else:
                value = Value(f"%{number}", *self._tensor_type(type_, place))
                self._define(number, value, place)
                outputs.append(value)
        if not outputs:
            raise ModelError(f"{place} has no output")
        return outputs

    def _define(self, number: int, value: Value | list[Value], place: str) -> None:
        if number in self.values:
            raise ModelError(f"{place}: %{number} is defined twice")
        self.values[number] = value

    def _combine(self, op: dict[str, Any], inputs: Arguments, place: str) -> None:
        """`builtin.combine`: makes a list of tensors."""
        items = _item(op, "O", list, place)
        if len(items) != 1:
            raise ModelError(f"{place}: one output expected")
        self._define(_number(items[0], place), [_tensor(value, place) for value in inputs], place)

    def _unpack(self, op: dict[str, Any], inputs: Arguments, place: str) -> None:
        """`builtin.split`: gives the members of a list numbers of their own."""
        members = inputs[0] if inputs else None
        items = _item(op, "O", list, place)
        if not isinstance(members, list) or len(members) != len(items):
            raise ModelError(f"{place}: {len(items)} outputs need a list of as many tensors")
        for member, item in zip(members, items, strict=True):
            if member.name.endswith("]"):
                member.name = f"%{_number(item, place)}"
            self._define(_number(item, place), member, place)

    def _tensor_type(self, type_: Any, place: str) -> tuple[np.dtype[Any], Shape]:
        if not isinstance(type_, dict) or _tag(type_) != "t_dtensor":
            return OPAQUE_TYPE, ()
        content = type_.get("D")
        if not isinstance(content, list) or len(content) < 2 or not isinstance(content[1], list):
            raise ModelError(f"{place}: damaged tensor type")
        dims = content[1]
        if len(dims) > limits.MAX_RANK or not all(
            type(dim) is int and -1 <= dim <= limits.MAX_SIDE for dim in dims
        ):
            raise ModelError(f"{place}: shape {brief(dims)} is not valid")
        dtype = PIR_TYPES.get(_tag(content[0]), OPAQUE_TYPE)
        return dtype, tuple(self._unknown() if dim == -1 else dim for dim in dims)

    def _unknown(self) -> Symbol:
        self.unknown_sizes += 1
        return Symbol(f"?{self.unknown_sizes}")

    def _attributes(self, op: dict[str, Any], place: str) -> dict[str, Any]:
        attrs: dict[str, Any] = {}
        for item in _item(op, "A", list, place):
            if not isinstance(item, dict) or not _is_name(item.get("N")):
                raise ModelError(f"{place}: damaged attribute")
            attrs[item["N"]] = _attribute(item.get("AT"), f"{place}, attribute {item['N']!r}")
        return attrs


def _attribute(value: Any, place: str, depth: int = 0) -> Any:
    if not isinstance(value, dict) or depth > MAX_ATTRIBUTE_DEPTH:
        raise ModelError(f"{place}: damaged, or nested too deeply")
    kind = _tag(value)
    if kind in ("a_f32", "a_f64") and "VD" in value:
        spelled = value["VD"]
        number = SPECIAL_NUMBERS.get(spelled.upper()) if isinstance(spelled, str) else None
        if number is None:
            raise ModelError(f"{place}: {brief(spelled)} is not a number")
        return number
    data = value.get("D")
    if kind == "a_array":
        if not isinstance(data, list):
            raise ModelError(f"{place}: damaged list")
        return [_attribute(member, place, depth + 1) for member in data]
    if kind == "a_dtype":
        return ATTRIBUTE_TYPES.get(data, OPAQUE_TYPE) if isinstance(data, str) else OPAQUE_TYPE
    expected: dict[str, type | tuple[type, ...]] = {
        "a_bool": bool,
        "a_i32": int,
        "a_i64": int,
        "a_index": int,
        "a_f32": (int, float),
        "a_f64": (int, float),
        "a_str": str,
    }
    if kind in expected:
        if not isinstance(data, expected[kind]) or isinstance(data, bool) != (kind == "a_bool"):
            raise ModelError(f"{place}: {brief(data)} is not of type {kind}")
        if isinstance(data, str) and not _is_text(data):
            raise ModelError(f"{place}: {brief(data)} is no valid text")
        return data
    if kind == "a_intarray":
        if not isinstance(data, list) or not all(type(member) is int for member in data):
            raise ModelError(f"{place}: {brief(data)} is not a list of integers")
        return data
    return brief(data)  # places and the like: nothing here depends on them


def _tag(item: Any) -> str:
    """What `#` says, without the number of the dialect; "" where there is none."""
    tag = item.get("#") if isinstance(item, dict) else None
    return tag.split(".", 1)[-1] if isinstance(tag, str) else ""


def _is_text(value: Any) -> TypeGuard[str]:
    """Whether it can be written again: JSON's escapes can spell half a surrogate pair."""
    return isinstance(value, str) and not any("\ud800" <= letter <= "\udfff" for letter in value)


def _is_name(value: Any) -> TypeGuard[str]:
    return _is_text(value) and 0 < len(value) <= limits.MAX_NAME_LENGTH


def _item(op: dict[str, Any], key: str, kind: type, place: str) -> Any:
    value = op.get(key)
    if not isinstance(value, kind):
        raise ModelError(f"{place}: {key!r} is missing or damaged")
    return value


def _number(item: Any, place: str) -> int:
    number = item.get("%") if isinstance(item, dict) else None
    if type(number) is not int:
        raise ModelError(f"{place}: an input or output has no value number")
    return number


def _column(attrs: dict[str, Any], place: str) -> int:
    column = attrs.get("col")
    if type(column) is not int or not 0 <= column < limits.MAX_OPERATORS:
        raise ModelError(f"{place}: 'col' is missing or not valid")
    return column


def _single(arguments: Arguments, place: str) -> Value:
    if len(arguments) != 1:
        raise ModelError(f"{place}: one input expected, {len(arguments)} given")
    return _tensor(arguments[0], place)


def _tensor(argument: list[Value] | Value | None, place: str) -> Value:
    if isinstance(argument, Value):
        return argument
    if argument is None or len(argument) != 1:
        raise ModelError(f"{place}: a single tensor expected")
    return argument[0]
