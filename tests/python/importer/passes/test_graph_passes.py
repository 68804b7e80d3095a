"""Dead code, duplicates, and constants: what goes, what stays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from interpret import graph_of, operators
from pir_builder import DType, PirProgram

from instseg.errors import ModelError
from instseg.importer import limits
from instseg.importer.ir.dims import Symbol
from instseg.importer.ir.shape_rules import SHAPE_RULES
from instseg.importer.passes.dead_code import remove_dead_code
from instseg.importer.passes.duplicates import merge_duplicates
from instseg.importer.passes.evaluators import EVALUATORS


def test_only_what_outputs_need_stays(tmp_path: Path) -> None:
    p = PirProgram()
    x, _ = p.data("x", [2]), p.data("unused", [2])
    kept = p.op("relu", [x])
    p.op("sigmoid", [p.op("exp", [x])])
    p.fetch(p.op("abs", [kept]))
    graph = remove_dead_code(graph_of(p, tmp_path))
    assert operators(graph) == ["relu", "abs"]
    assert [value.name for value in graph.inputs] == ["x"]


def test_equal_operators_are_merged(tmp_path: Path) -> None:
    """Chains too; small constants count as equal by content."""
    p = PirProgram()
    x = p.data("x", [2])
    chains = [p.op("add", [p.op("exp", [x]), p.full([1], 2.0)]) for _ in range(3)]
    p.fetch(*chains)
    graph = merge_duplicates(graph_of(p, tmp_path))
    assert operators(graph) == ["exp", "add"]
    assert len(set(graph.outputs.values())) == 1
    assert list(graph.outputs) == ["fetch_0", "fetch_1", "fetch_2"]


def test_different_operators_are_not_merged(tmp_path: Path) -> None:
    """By operand, attribute, constant, type of the result, or order of the operands."""
    p = PirProgram()
    x, y = p.data("x", [2, 2]), p.data("y", [2, 2])
    large = np.ones((2, 200), np.float32)
    p.fetch(
        p.op("exp", [x]),
        p.op("exp", [y]),
        p.op("softmax", [x], attrs={"axis": 0}),
        p.op("softmax", [x], attrs={"axis": 1}),
        p.op("add", [x, p.full([1], 1.0)]),
        p.op("add", [x, p.full([1], 2.0)]),
        p.op("add", [x, p.full([1, 1], 1.0)]),
        p.op("cast", [x], [("int32", [-1])], {"dtype": DType("int32")}),
        p.op("cast", [x], [("int64", [-1])], {"dtype": DType("int32")}),
        p.op("subtract", [x, y]),
        p.op("subtract", [y, x]),
        p.op("matmul", [x, p.parameter("a", large)]),
        p.op("matmul", [x, p.parameter("b", large)]),  # large constants: by identity only
    )
    graph = graph_of(p, tmp_path)
    assert operators(merge_duplicates(graph)) == operators(graph)


def test_what_can_be_computed_has_a_shape_rule() -> None:
    """The shape rule gives the size that is checked before anything is computed."""
    assert set(EVALUATORS) <= set(SHAPE_RULES)


def sizes(p: PirProgram, x: int, axis: int) -> int:
    shape = p.op("shape64", [x], [("int64", [-1])])
    attrs = {"axes": [0], "infer_flags": [1], "decrease_axis": []}
    return p.op("slice", [shape, p.ints([axis]), p.ints([axis + 1])], [("int64", [-1])], attrs)


def test_known_sizes_are_constant(tmp_path: Path) -> None:
    p = PirProgram()
    x = p.data("x", [-1, 7])
    p.fetch(sizes(p, x, 0), sizes(p, x, 1))
    graph = graph_of(p, tmp_path)
    assert graph.outputs["fetch_0"].content == (Symbol("N"),)
    assert not graph.outputs["fetch_0"].constant
    np.testing.assert_array_equal(graph.outputs["fetch_1"].array(), [7])


@pytest.mark.parametrize(("kind", "expected"), [("uint8", 44), ("int32", 300), ("bool", True)])
def test_sizes_wrap_around_as_numpy_casts(kind: str, expected: object, tmp_path: Path) -> None:
    p = PirProgram()
    x = p.data("x", [-1, 300])
    p.fetch(p.op("cast", [sizes(p, x, 1)], [(kind, [1])], {"dtype": DType(kind)}))
    graph = graph_of(p, tmp_path)
    np.testing.assert_array_equal(graph.outputs["fetch_0"].array(), [expected])


def test_invalid_arithmetic_warns_nobody(tmp_path: Path) -> None:
    """Overflows, divisions by zero and casts of NaN: tests turn any warning into an error."""
    p = PirProgram()
    zero, one, huge = (p.full([2], value) for value in (0.0, 1.0, 3e38))
    nan = p.op("divide", [zero, zero], [("float32", [2])])
    outputs = [
        p.op("divide", [one, zero], [("float32", [2])]),
        nan,
        p.op("multiply", [huge, huge], [("float32", [2])]),
        p.op("log", [p.op("subtract", [zero, one], [("float32", [2])])], [("float32", [2])]),
        p.op("exp", [huge], [("float32", [2])]),
        p.op("cast", [nan], [("int32", [2])], {"dtype": DType("int32")}),
        p.op("cast", [huge], [("int32", [2])], {"dtype": DType("int32")}),
    ]
    p.fetch(*outputs)
    graph = graph_of(p, tmp_path)
    assert all(value.constant for value in graph.outputs.values())
    assert np.isinf(graph.outputs["fetch_0"].array()).all()


def test_division_of_integers_by_zero_is_refused(tmp_path: Path) -> None:
    p = PirProgram()
    numbers = [p.full([1], value, "int64") for value in (5.0, 0.0)]
    p.fetch(p.op("floor_divide", numbers, [("int64", [1])]))
    with pytest.raises(ModelError, match=r"operator 'floor_divide' .*division by zero"):
        graph_of(p, tmp_path)


@pytest.mark.parametrize(("limit", "count"), [("MAX_CONSTANT_BYTES", 1), ("MAX_FOLDED_BYTES", 3)])
def test_limits_of_folding(
    limit: str, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exactly at the limit is fine, one number above is not."""
    p = PirProgram()
    p.fetch(*(p.full([100], float(value), "float64") for value in range(count)))
    monkeypatch.setattr(limits, limit, 800 * count)
    graph_of(p, tmp_path)
    monkeypatch.setattr(limits, limit, 800 * count - 1)
    with pytest.raises(ModelError, match="constant"):
        graph_of(p, tmp_path)


def test_views_of_parameters_are_not_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = PirProgram()
    w = p.parameter("w", np.ones((8, 8), np.float32))
    attrs = {"axes": [0], "infer_flags": [1], "decrease_axis": []}
    cut = p.op("slice", [w, p.ints([2]), p.ints([6])], attrs=attrs)
    turned = p.op("transpose", [cut], attrs={"perm": [1, 0]})
    p.fetch(turned)
    monkeypatch.setattr(limits, "MAX_FOLDED_BYTES", 32)  # the numbers of `slice` take 16
    graph = graph_of(p, tmp_path)
    assert graph.outputs["fetch_0"].shape == (8, 4)
    p.fetch(p.op("reshape", [turned, p.ints([-1])]))  # a copy
    with pytest.raises(ModelError, match="constants exceed 32 bytes"):
        graph_of(p, tmp_path)
