"""A part of a graph between values that are named as in the program."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from interpret import graph_of, interpret, operators
from pir_builder import PirProgram

from instseg.errors import ModelError
from instseg.importer import extract
from instseg.importer.ir.graph import Graph

X = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)


@pytest.fixture
def graph(tmp_path: Path) -> Graph:
    """%1 x, %2 w; %3 exp(x), %4 %3 * w, %5 relu(%4)."""
    p = PirProgram()
    x, w = p.data("x", [2, 3]), p.parameter("w", np.arange(3, dtype=np.float32))
    product = p.op("multiply", [p.op("exp", [x]), w])
    p.fetch(p.op("relu", [product]))
    return graph_of(p, tmp_path)


def test_part_computes_what_the_whole_does(graph: Graph) -> None:
    part = extract(graph, ["%3"], ["%5", "%4"])
    assert operators(part) == ["multiply", "relu"]
    found = interpret(part, {"%3": np.exp(X)})
    np.testing.assert_array_equal(found["%5"], interpret(graph, {"x": X})["fetch_0"])
    np.testing.assert_array_equal(found["%4"], np.exp(X) * np.arange(3, dtype=np.float32))


def test_values_get_new_names(graph: Graph) -> None:
    part = extract(graph, {"image": "x"}, {"boxes": "%4"})
    assert [value.name for value in part.inputs] == ["image"]
    assert list(part.outputs) == ["boxes"]


def test_graph_itself_stays(graph: Graph) -> None:
    part = extract(graph, ["x"], graph.outputs)
    for value in part.values():
        value.shape = ()
    assert {value.shape for value in graph.values()} == {(2, 3), (3,)}


def test_unknown_name_is_refused(graph: Graph) -> None:
    with pytest.raises(ModelError, match="no value named '%99'"):
        extract(graph, ["x"], ["%99"])


def test_missing_input_is_named(graph: Graph) -> None:
    with pytest.raises(ModelError, match=r"depend on \['x'\], which is not among the inputs"):
        extract(graph, ["%5"], ["%4"])


def test_ambiguous_name_is_refused(tmp_path: Path) -> None:
    """A hostile program could call its parameter `%3` to be taken for another value."""
    p = PirProgram()
    x, w = p.data("x", [2, 3]), p.parameter("%3", np.arange(3, dtype=np.float32))
    p.fetch(p.op("multiply", [p.op("exp", [x]), w]))
    with pytest.raises(ModelError, match="several values named '%3'"):
        extract(graph_of(p, tmp_path), ["x"], ["%3"])
