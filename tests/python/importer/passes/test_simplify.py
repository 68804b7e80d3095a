"""Detours that are removed, and what only looks like one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from interpret import graph_of, interpret, operators
from pir_builder import DType, PirProgram

from instseg.importer.passes.pipeline import understand

X = np.random.default_rng(2).normal(size=(2, 3, 4)).astype(np.float32)
Case = Callable[[PirProgram, int], int]


def cast(p: PirProgram, x: int, kind: str) -> int:
    return p.op("cast", [x], [(kind, [-1])], {"dtype": DType(kind)})


def scale(p: PirProgram, x: int, factor: float, bias: float) -> int:
    attrs = {"bias": bias, "bias_after_scale": True}
    return p.op("scale", [x, p.full([1], factor)], attrs=attrs)


def cut(p: PirProgram, x: int, axes: list[int], starts: list[int], ends: list[int]) -> int:
    attrs = {"axes": axes, "infer_flags": [1], "decrease_axis": []}
    return p.op("slice", [x, p.ints(starts), p.ints(ends)], attrs=attrs)


def first_of_stack(p: PirProgram, x: int, axis: int, dropped: int) -> int:
    stacked = p.op("stack", [p.combine([x])], attrs={"axis": axis})
    attrs = {"axes": [dropped], "infer_flags": [1], "decrease_axis": [dropped]}
    return p.op("slice", [stacked, p.ints([0]), p.ints([1])], attrs=attrs)


def bool_to_and_fro(p: PirProgram, x: int) -> int:
    positive = p.op("greater_than", [x, p.full([], 0.0)], [("bool", [-1])])
    return cast(p, cast(p, cast(p, positive, "int32"), "bool"), "float32")


def where(p: PirProgram, x: int, condition: float, other: int) -> int:
    full = p.full([2, 3, 4], condition)
    return p.op("where", [cast(p, full, "bool"), x, other])


CASES: dict[str, tuple[Case, list[str]]] = {
    "assign": (lambda p, x: p.op("assign", [x]), []),
    "cast to its own type": (lambda p, x: cast(p, x, "float32"), []),
    "cast that rounds": (lambda p, x: cast(p, cast(p, x, "int32"), "float32"), ["cast"] * 2),
    "bool to a number and back": (bool_to_and_fro, ["greater_than", "cast"]),
    "reshape to the same": (lambda p, x: p.op("reshape", [x, p.ints([2, -1, 4])]), []),
    "reshape to another": (lambda p, x: p.op("reshape", [x, p.ints([2, 12])]), ["reshape"]),
    "expand to the same": (lambda p, x: p.op("expand", [x, p.ints([-1, 3, 4])]), []),
    "slice of all": (lambda p, x: cut(p, x, [1, 2], [0, 0], [3, 99]), []),
    "slice of a part": (lambda p, x: cut(p, x, [1], [1], [3]), ["slice"]),
    "slice of the first part": (lambda p, x: cut(p, x, [1], [0], [2]), ["slice"]),
    "adding zero": (lambda p, x: p.op("add", [x, p.full([1], 0.0)]), []),
    "zero plus": (lambda p, x: p.op("add", [p.full([2, 3, 4], 0.0), x]), []),
    "adding one": (lambda p, x: p.op("add", [x, p.full([1], 1.0)]), ["add"]),
    "adding zeros that widen": (lambda p, x: p.op("add", [x, p.full([5, 1, 1, 1], 0.0)]), ["add"]),
    "factor one": (lambda p, x: scale(p, x, 1.0, 0.0), []),
    "factor one and a bias": (lambda p, x: scale(p, x, 1.0, 0.5), ["scale"]),
    "factor two": (lambda p, x: scale(p, x, 2.0, 0.0), ["scale"]),
    "where true": (lambda p, x: where(p, x, 1.0, p.full([], 7.0)), []),
    "where false": (lambda p, x: where(p, p.op("relu", [x]), 0.0, x), []),
    "where false, of another shape": (lambda p, x: where(p, x, 0.0, p.full([1], 7.0)), ["where"]),
    "x times sigmoid": (lambda p, x: p.op("multiply", [x, p.op("sigmoid", [x])]), ["silu"]),
    "sigmoid times x": (lambda p, x: p.op("multiply", [p.op("sigmoid", [x]), x]), ["silu"]),
    "sigmoid of something else": (
        lambda p, x: p.op("multiply", [p.op("sigmoid", [p.op("relu", [x])]), x]),
        ["relu", "sigmoid", "multiply"],
    ),
    "stack of one, taken apart": (lambda p, x: first_of_stack(p, x, 1, 1), []),
    "stack of one, cut elsewhere": (
        lambda p, x: p.op("relu", [first_of_stack(p, cut(p, x, [0], [0], [1]), 3, 0)]),
        ["slice", "stack", "slice", "relu"],
    ),
    "stack and flatten": (
        lambda p, x: p.op(
            "flatten",
            [p.op("stack", [p.combine([x, x])], attrs={"axis": 1})],
            attrs={"start_axis": 1, "stop_axis": 2},
        ),
        ["concat"],
    ),
    "stack and flatten of other axes": (
        lambda p, x: p.op(
            "flatten",
            [p.op("stack", [p.combine([x, x])], attrs={"axis": 1})],
            attrs={"start_axis": 2, "stop_axis": 3},
        ),
        ["stack", "flatten"],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_detour_is_removed_and_nothing_else(name: str, tmp_path: Path) -> None:
    case, expected = CASES[name]
    p = PirProgram()
    p.fetch(case(p, p.data("x", [2, 3, 4])))
    plain, simple = (graph_of(p, tmp_path) for _ in range(2))
    simple = understand(simple)
    assert operators(simple) == expected
    [a], [b] = (list(interpret(graph, {"x": X}).values()) for graph in (plain, simple))
    np.testing.assert_array_equal(a, b, strict=True)
