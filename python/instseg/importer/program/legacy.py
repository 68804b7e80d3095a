"""Reads a legacy program, `inference.pdmodel`, as Paddle 2.x and 3.0 write it.

Values are named after their variables; where an operator overwrites a variable, the new value is
`name@1`, then `name@2`, ... Operators without a rule stay as they are: only where one is needed in
a dense network is that an error.

The block of a `while` is read once, as its first pass, and its operators are marked `in_loop`
(exported programs loop over the images of a batch; nothing dense may depend on that). The blocks of
conditions are read too; where one overwrites a variable, `if` (condition, new, old) chooses.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from instseg.errors import ModelError

from .. import limits
from ..ir.dims import Dim, Symbol
from ..ir.graph import Graph, Node, Value, blame
from .data_types import LEGACY_TYPES, OPAQUE_TYPE
from .legacy_operator import LegacyOperator
from .legacy_rules import LEGACY_RULES, opaque
from .pdiparams import Declared, read_pdiparams
from .program_desc import LOD_TENSOR, BlockDesc, OpDesc, VarDesc, read_program_desc
from .tensor_arrays import TensorArrays


def read_legacy(program_path: Path, parameter_path: Path) -> Graph:
    """Returns the main block; its outputs are named `fetch_0`, `fetch_1`, ... by column."""
    blocks = read_program_desc(program_path)
    what = str(program_path)
    arrays = read_pdiparams(parameter_path, _parameters(blocks[0], what))
    reader = _Reader(blocks, _Scope(what), what)
    for name, array in arrays.items():
        reader.scope.current[name] = Value(name, array.dtype, array.shape, data=array)
    reader.read(blocks[0], depth=0)
    if not reader.fetched:
        raise ModelError(f"{what} has no output (no 'fetch' operator)")
    graph = reader.graph
    graph.outputs = {f"fetch_{column}": reader.fetched[column] for column in sorted(reader.fetched)}
    return graph


@dataclass
class _Reader:
    blocks: list[BlockDesc]
    scope: _Scope
    what: str
    graph: Graph = field(default_factory=lambda: Graph([], {}, []))
    fetched: dict[int, Value] = field(default_factory=dict)
    arrays: TensorArrays = field(default_factory=TensorArrays)
    loops: int = 0  # around the present operator
    operators: int = 0  # read so far

    def read(self, block: BlockDesc, depth: int) -> None:
        """Adds the operators of a block, and of the blocks inside it, to the graph."""
        self.scope.variables.update(block.variables)
        for index, desc in enumerate(block.operators):
            self.operators += 1  # a block may be reached many times over
            if self.operators > limits.MAX_OPERATORS:
                raise ModelError(f"{self.what} has more than {limits.MAX_OPERATORS} operators")
            operator = LegacyOperator(desc, index, self.scope.read, self.scope.define)
            with blame(operator.placeholder()):
                if desc.type == "feed":
                    self.graph.inputs.append(self.scope.define(operator.output_name("Out")))
                elif desc.type == "fetch":
                    column = operator.integer("col", 0)
                    if column in self.fetched:
                        raise ModelError(f"column {column} is fetched twice")
                    self.fetched[column] = operator.input("X")
                elif desc.type == "while":
                    self.loops += 1
                    self._inner(operator, depth)
                    self.loops -= 1
                elif desc.type == "conditional_block":
                    self._conditional(operator, depth)
                elif not self._writes_array(desc):
                    node = self._array_operator(operator)
                    node = node or LEGACY_RULES.get(desc.type, opaque)(operator)
                    self._add([*operator.before, node])

    def _add(self, nodes: list[Node]) -> None:
        for node in nodes:
            if self.loops:
                node.attrs["in_loop"] = True
        self.graph.nodes += nodes

    def _inner(self, operator: LegacyOperator, depth: int) -> None:
        """Reads the operator's own block."""
        number = operator.attr("sub_block")
        if type(number) is not int or not 0 < number < len(self.blocks):
            raise ModelError(f"its block {number!r} does not exist")
        if depth >= limits.MAX_BLOCK_DEPTH:
            raise ModelError(f"more than {limits.MAX_BLOCK_DEPTH} nested blocks")
        self.read(self.blocks[number], depth + 1)

    def _conditional(self, operator: LegacyOperator, depth: int) -> None:
        condition = operator.input("Cond")
        current = self.scope.current
        before = {name: current.get(name) for name in operator.desc.outputs.get("Out", [])}
        self._inner(operator, depth)
        for name, old in before.items():
            new = current.get(name)
            if old is not None and new is not None and new is not old:
                chosen = self.scope.define(name)
                self._add([Node("if", [condition, new, old], [chosen], {}, operator.index)])

    def _writes_array(self, desc: OpDesc) -> bool:
        if desc.type not in ("write_to_array", "create_array"):
            return False
        name = desc.outputs.get("Out", [""])[0]
        if desc.type == "create_array":
            self.arrays.create(name)
        else:
            self.arrays.write(name, self.scope.read(desc.inputs.get("X", [""])[0]))
        return True

    def _array_operator(self, operator: LegacyOperator) -> Node | None:
        """The operators that read lists of tensors; None for all others."""
        desc = operator.desc
        name = desc.inputs.get("Input" if desc.type == "slice" else "X", [""])[:1]
        array = name[0] if name else ""
        if desc.type == "lod_array_length":
            node = operator.node(desc.type, [])
            self.arrays.length(array, node)
        elif desc.type == "tensor_array_to_tensor":
            node = operator.node(desc.type, [])
            stacked = bool(operator.attr("use_stack", False))
            self.arrays.join(array, node, operator.integer("axis", 0), stacked)
        elif desc.type in ("slice", "read_from_array") and array in self.arrays:
            node = operator.node(desc.type, [])
            self.arrays.only_member(array, node)
        else:
            return None
        return node


def _parameters(block: BlockDesc, what: str) -> dict[str, Declared]:
    declared: dict[str, Declared] = {}
    for variable in block.variables.values():
        if not variable.persistable or variable.kind != LOD_TENSOR:
            continue
        dtype = LEGACY_TYPES.get(variable.data_type)
        if dtype is None or any(not 0 <= d <= limits.MAX_SIDE for d in variable.dims):
            raise ModelError(
                f"{what}: parameter {variable.name!r} has no fixed type and shape "
                f"(type {variable.data_type}, shape {variable.dims})"
            )
        declared[variable.name] = Declared(dtype, tuple(variable.dims))
    return declared


class _Scope:
    """The value that each variable holds at the present operator."""

    def __init__(self, what: str) -> None:
        self.variables: dict[str, VarDesc] = {}
        self.what = what
        self.current: dict[str, Value] = {}
        self.versions: dict[str, int] = {}
        self.unknown_sizes = 0

    def read(self, name: str) -> Value:
        if name not in self.current:
            raise ModelError(f"{self.what}: variable {name!r} is read before anything defines it")
        return self.current[name]

    def define(self, name: str) -> Value:
        version = self.versions.get(name, -1 if name not in self.current else 0) + 1
        self.versions[name] = version
        variable = self.variables.get(name, VarDesc(name))
        value = Value(
            f"{name}@{version}" if version else name,
            LEGACY_TYPES.get(variable.data_type, OPAQUE_TYPE)
            if variable.kind == LOD_TENSOR
            else np.dtype(np.void),
            tuple(self._dim(dim) for dim in variable.dims),
        )
        self.current[name] = value
        return value

    def _dim(self, dim: int) -> Dim:
        if 0 <= dim <= limits.MAX_SIDE:
            return dim
        self.unknown_sizes += 1
        return Symbol(f"?{self.unknown_sizes}")
