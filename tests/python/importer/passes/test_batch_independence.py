"""Targets and gathers spelled with the batch size run for every batch size."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from interpret import graph_of, operators
from pir_builder import DType, PirProgram
from run_network import run_onnx

from instseg.importer.lowering.onnx_file import write_onnx
from instseg.importer.passes.pipeline import optimise, understand

ROWS, WIDTH, KEPT = 6, 4, 3


def batch_of(p: PirProgram, x: int) -> int:
    """The size of the first axis, as a scalar."""
    shape = p.op("shape64", [x], [("int64", [-1])])
    attrs = {"axes": [0], "infer_flags": [1], "decrease_axis": [0]}
    return p.op("slice", [shape, p.ints([0]), p.ints([1])], [("int64", [])], attrs)


def image_numbers(p: PirProgram, x: int, *, start: float = 0.0, repeat: int = 1) -> int:
    """int64 [N * repeat, KEPT]: the number of the image, along its row."""
    limits = [p.full([1], start, "int64"), batch_of(p, x), p.full([1], 1.0, "int64")]
    numbers = p.op("arange", limits, [("int64", [-1])], {"dtype": DType("int64")})
    column = p.op("unsqueeze", [numbers, p.ints([-1])], [("int64", [-1, 1])])
    return p.op("tile", [column, p.ints([repeat, KEPT])], [("int64", [-1, KEPT])])


def gathered(p: PirProgram, rows: int, images: int, index: int) -> int:
    pair = p.combine([images, index])
    both = p.op("stack", [pair], [("int64", [-1, KEPT, 2])], {"axis": -1})
    return p.op("gather_nd", [rows, both])


def program() -> PirProgram:
    p = PirProgram()
    x = p.data("x", [-1, ROWS * WIDTH])
    parts = [batch_of(p, x), p.full([], ROWS, "int64"), p.full([], WIDTH, "int64")]
    target = p.op("stack", [p.combine(parts)], [("int64", [3])], {"axis": 0})
    rows = p.op("reshape", [x, target])
    score = p.op("max", [rows, p.ints([-1])], attrs={"keepdim": False})
    best = p.op(
        "topk",
        [score, p.full([1], KEPT, "int32")],
        [("float32", [-1, KEPT]), ("int64", [-1, KEPT])],
        {"axis": 1, "largest": True, "sorted": True},
    )
    p.fetch(gathered(p, rows, image_numbers(p, rows), best + 1))
    return p


@pytest.mark.parametrize("batch", [1, 2, 5])
def test_any_batch_runs_with_one_network(batch: int, tmp_path: Path) -> None:
    write_onnx(optimise(understand(graph_of(program(), tmp_path))), tmp_path / "network.onnx")
    x = np.random.default_rng(batch).normal(size=(batch, ROWS * WIDTH)).astype(np.float32)
    [found] = run_onnx(tmp_path / "network.onnx", {"x": x}).values()
    for image, kept in zip(x.reshape(batch, ROWS, WIDTH), found, strict=True):
        order = np.argsort(-image.max(-1))[:KEPT]
        np.testing.assert_array_equal(kept, image[order])


def test_nothing_is_computed_from_the_batch_size(tmp_path: Path) -> None:
    graph = optimise(understand(graph_of(program(), tmp_path)))
    assert operators(graph) == ["reshape", "max", "topk", "unsqueeze", "gather_nd"]


@pytest.mark.parametrize("change", ["start", "rows of another batch"])
def test_other_indices_are_left_alone(change: str, tmp_path: Path) -> None:
    """Numbers that begin at 1, and those of another tensor, are not the image's own."""
    p = PirProgram()
    rows, index = p.data("rows", [-1, ROWS, WIDTH]), p.data("index", [-1, KEPT], "int64")
    other = p.data("other", [5, ROWS, WIDTH])
    images = (
        image_numbers(p, rows, start=1.0)
        if change == "start"
        else p.op("expand", [image_numbers(p, other), p.ints([-1, KEPT])])
    )
    p.fetch(gathered(p, rows, images, index))
    graph = optimise(understand(graph_of(p, tmp_path)))
    [gather] = [node for node in graph.nodes if node.op == "gather_nd"]
    assert not gather.attrs.get("batch_dims")
