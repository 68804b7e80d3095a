"""The extent of masks from one maximum per row and column: the same numbers, bit for bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from interpret import graph_of, operators
from pir_builder import DType, PirProgram
from run_network import run_onnx

from instseg.importer.lowering.onnx_file import write_onnx
from instseg.importer.passes.mask_extents import MASK_EXTENTS
from instseg.importer.passes.pipeline import optimise, understand
from instseg.importer.passes.rewriting import rewrite

Array = npt.NDArray[Any]
QUERIES, HEIGHT, WIDTH = 6, 5, 7


def numbers(name: str) -> Array:
    """float32 [H, W]: the column's, or the row's, number + 0.5."""
    y, x = np.meshgrid(np.arange(HEIGHT), np.arange(WIDTH), indexing="ij")
    return ((x if name == "columns" else y) + 0.5).astype(np.float32)


class Extents:
    """The operators that Mask-RT-DETR computes the first boxes with."""

    def __init__(self, *, threshold: float = 0.0) -> None:
        self.p = PirProgram()
        self.threshold = threshold
        self.logits = self.p.data("masks", [-1, QUERIES, HEIGHT, WIDTH])
        self.mask = self.over(threshold)

    def over(self, threshold: float) -> int:
        limit = self.p.full([], threshold)
        return self.p.op("greater_than", [self.logits, limit], [("bool", [-1])])

    def numbered(self, array: Array) -> int:
        ones = self.p.op("cast", [self.mask], attrs={"dtype": DType("float32")})
        grid = self.p.parameter(f"grid{len(self.p.parameters)}", array)
        return self.p.op("multiply", [grid, ones])

    def reduced(self, op: str, value: int) -> int:
        flat = self.p.op("flatten", [value], attrs={"start_axis": 2, "stop_axis": 3})
        return self.p.op(op, [flat, self.p.ints([-1])], attrs={"keepdim": False})

    def largest(self, array: Array) -> int:
        return self.reduced("max", self.numbered(array))

    def smallest(self, array: Array, mask: int | None = None, limit: float = 1e8) -> int:
        condition = self.mask if mask is None else mask
        chosen = [condition, self.numbered(array), self.p.full([], limit)]
        return self.reduced("min", self.p.op("where", chosen))

    def any(self) -> int:
        attrs = {"axis": [2, 3], "keepdim": False}
        return self.p.op("any", [self.mask], [("bool", [-1, QUERIES])], attrs)


def masks() -> Array:
    """Random, one pixel, none, all, exactly the threshold, one row."""
    out = np.random.default_rng(8).normal(size=(3, QUERIES, HEIGHT, WIDTH)).astype(np.float32)
    out[0, 0] = -1
    out[0, 0, 3, 2] = 1
    out[0, 1], out[0, 2], out[0, 3] = -1, 1, 0
    out[0, 4] = -1
    out[0, 4, 1] = 2
    return out


def expected(a: Array, threshold: float) -> list[Array]:
    over = a > threshold
    found = []
    for name in ("columns", "rows"):
        grid = numbers(name)
        found.append((grid * over).max((2, 3)))
        found.append(np.where(over, grid * over, np.float32(1e8)).min((2, 3)))
    return [*found, over.any((2, 3))]


@pytest.mark.parametrize("threshold", [0.0, 0.75])
def test_extents_are_bit_identical(threshold: float, tmp_path: Path) -> None:
    e = Extents(threshold=threshold)
    values = []
    for name in ("columns", "rows"):
        values += [e.largest(numbers(name)), e.smallest(numbers(name))]
    e.p.fetch(*values, e.any())
    graph = optimise(understand(graph_of(e.p, tmp_path)))
    for node in graph.nodes:
        if node.op in ("multiply", "where", "any"):  # nothing is done per pixel any more
            assert len(node.output.shape) <= 3
    write_onnx(graph, tmp_path / "network.onnx")
    found = run_onnx(tmp_path / "network.onnx", {"masks": masks()})
    for column, array in enumerate(expected(masks(), threshold)):
        np.testing.assert_array_equal(found[f"fetch_{column}"], array, strict=True)


def untouched(e: Extents, folder: Path) -> bool:
    graph = understand(graph_of(e.p, folder))
    return operators(rewrite(graph, MASK_EXTENTS)) == operators(graph)


def test_numbers_below_zero_are_left_alone(tmp_path: Path) -> None:
    """The maximum over no pixel at all is 0: with -1 in the grid it could be too."""
    e = Extents()
    e.p.fetch(e.largest(numbers("columns") - 3))
    assert untouched(e, tmp_path)


def test_numbers_that_change_both_ways_are_left_alone(tmp_path: Path) -> None:
    e = Extents()
    e.p.fetch(e.largest(numbers("columns") + 10 * numbers("rows")))
    assert untouched(e, tmp_path)


def test_two_thresholds_are_left_alone(tmp_path: Path) -> None:
    e = Extents()
    e.p.fetch(e.smallest(numbers("columns"), mask=e.over(0.5)))
    assert untouched(e, tmp_path)


def test_limit_below_the_numbers_is_left_alone(tmp_path: Path) -> None:
    """A limit of 3 hides the set pixels from column 3 on."""
    e = Extents()
    e.p.fetch(e.smallest(numbers("columns"), limit=3.0))
    assert untouched(e, tmp_path)
