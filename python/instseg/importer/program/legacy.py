"""Reads a legacy program, `inference.pdmodel`, as Paddle 2.x and 3.0 write it.

Values are named after their variables; where an operator overwrites a variable, the new value is
`name@1`, then `name@2`, ... Operators without a rule stay as they are: only where one is needed in
a dense network is that an error.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

from instseg.errors import ModelError

from .. import limits
from ..ir.dims import Dim, Symbol
from ..ir.graph import Graph, Value, blame
from .data_types import LEGACY_TYPES, OPAQUE_TYPE
from .legacy_operator import LegacyOperator
from .legacy_rules import LEGACY_RULES, opaque
from .pdiparams import Declared, read_pdiparams
from .program_desc import LOD_TENSOR, BlockDesc, VarDesc, read_program_desc


def read_legacy(program_path: Path, parameter_path: Path) -> Graph:
    """Returns the main block; its outputs are named `fetch_0`, `fetch_1`, ... by column."""
    block = read_program_desc(program_path)
    what = str(program_path)
    arrays = read_pdiparams(parameter_path, _parameters(block, what))
    scope = _Scope(block, what)
    for name, array in arrays.items():
        scope.current[name] = Value(name, array.dtype, array.shape, data=array)

    graph = Graph([], {}, [])
    fetched: dict[int, Value] = {}
    for index, desc in enumerate(block.operators):
        operator = LegacyOperator(desc, index, scope.read, scope.define)
        with blame(operator.placeholder()):
            if desc.type == "feed":
                graph.inputs.append(scope.define(operator.output_name("Out")))
                continue
            if desc.type == "fetch":
                column = operator.integer("col", 0)
                if column in fetched:
                    raise ModelError(f"column {column} is fetched twice")
                fetched[column] = operator.input("X")
                continue
            node = LEGACY_RULES.get(desc.type, opaque)(operator)
        graph.nodes += [*operator.before, node]
    if not fetched:
        raise ModelError(f"{what} has no output (no 'fetch' operator)")
    graph.outputs = {f"fetch_{column}": fetched[column] for column in sorted(fetched)}
    return graph


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

    def __init__(self, block: BlockDesc, what: str) -> None:
        self.block = block
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
        variable = self.block.variables.get(name, VarDesc(name))
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
