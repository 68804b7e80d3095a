"""Projections of joined levels, turned back to planes, become 1 x 1 convolutions of the levels."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from interpret import graph_of, operators
from pir_builder import PirProgram
from run_network import run_onnx, worst_difference

from instseg.importer.ir.graph import Graph
from instseg.importer.lowering.onnx_file import write_onnx
from instseg.importer.passes.pipeline import optimise, understand

Array = npt.NDArray[Any]
TOLERANCE = 2e-6
"""float32 against float64, sums of 6 terms."""

RANDOM = np.random.default_rng(5)
CHANNELS, HEADS, WIDE = 6, 2, 4  # a head's values are WIDE wide
SIDES = [(4, 5), (2, 3), (1, 2)]
LENGTHS = [height * width for height, width in SIDES]
LEVELS = [RANDOM.normal(size=(2, CHANNELS, *side)).astype(np.float32) for side in SIDES]
WEIGHTS = [RANDOM.normal(size=(CHANNELS, HEADS * WIDE)).astype(np.float32) for _ in range(2)]
BIAS = RANDOM.normal(size=HEADS * WIDE).astype(np.float32)


class Decoder:
    """What Mask-RT-DETR's decoder does before its samplers."""

    def __init__(self) -> None:
        self.p = PirProgram()
        sequences = []
        for i, (height, width) in enumerate(SIDES):
            level = self.p.data(f"level{i}", [-1, CHANNELS, height, width])
            flat = self.p.op("flatten", [level], attrs={"start_axis": 2, "stop_axis": 3})
            sequences.append(self.p.op("transpose", [flat], attrs={"perm": [0, 2, 1]}))
        self.axis = self.p.full([1], 1.0, "int32")
        self.joined = self.p.op("concat", [self.p.combine(sequences), self.axis])

    def projected(
        self, layer: int, bias: Array = BIAS, lengths: Sequence[int] = LENGTHS
    ) -> list[int]:
        """Per part [N, HEADS * WIDE, length]."""
        name = f"{layer}_{len(self.p.parameters)}"
        product = self.p.op("matmul", [self.joined, self.p.parameter(f"w{name}", WEIGHTS[layer])])
        total = self.p.op("add", [product, self.p.parameter(f"b{name}", bias)])
        heads = self.p.op("reshape", [total, self.p.ints([0, 0, HEADS, WIDE])])
        members = [("float32", [-1, length, HEADS, WIDE]) for length in lengths]
        parts = self.p.op_with_list(
            "split", [heads, self.p.ints(list(lengths)), self.axis], members
        )
        turned = []
        for part in parts:
            flat = self.p.op("flatten", [part], attrs={"start_axis": 2, "stop_axis": 3})
            turned.append(self.p.op("transpose", [flat], attrs={"perm": [0, 2, 1]}))
        return turned

    def graph(self, folder: Path) -> Graph:
        return understand(graph_of(self.p, folder))


def expected(layer: int, bias: Array = BIAS, lengths: Sequence[int] = LENGTHS) -> list[Array]:
    sequences = [level.reshape(2, CHANNELS, -1).transpose(0, 2, 1) for level in LEVELS]
    joined = np.concatenate(sequences, 1).astype(np.float64)
    total = joined @ WEIGHTS[layer].astype(np.float64) + bias
    return [part.transpose(0, 2, 1) for part in np.split(total, np.cumsum(lengths)[:-1], 1)]


def check(graph: Graph, folder: Path, arrays: Sequence[Array]) -> None:
    write_onnx(graph, folder / "network.onnx")
    inputs = {f"level{i}": level for i, level in enumerate(LEVELS)}
    found = run_onnx(folder / "network.onnx", inputs)
    for column, array in enumerate(arrays):
        assert found[f"fetch_{column}"].shape == array.shape
        assert worst_difference(found[f"fetch_{column}"], array) <= TOLERANCE


def test_every_level_is_convolved(tmp_path: Path) -> None:
    decoder = Decoder()
    for layer in range(2):
        decoder.p.fetch(*decoder.projected(layer))
    graph = optimise(decoder.graph(tmp_path))
    ops = operators(graph)
    assert ops.count("conv2d") == 2 * len(SIDES)
    assert not {"matmul", "concat", "split", "transpose"} & set(ops)
    weights = {node.input(1) for node in graph.nodes if node.op == "conv2d"}
    assert len(weights) == 2  # the levels share them
    check(graph, tmp_path, [*expected(0), *expected(1)])


@pytest.mark.parametrize(
    ("bias", "lengths"),
    [
        (BIAS, [LENGTHS[1], LENGTHS[0], LENGTHS[2]]),
        (RANDOM.normal(size=(sum(LENGTHS), HEADS * WIDE)).astype(np.float32), LENGTHS),
    ],
    ids=["cut elsewhere", "a bias for every place"],
)
def test_what_is_no_projection_of_levels_is_left_alone(
    bias: Array, lengths: list[int], tmp_path: Path
) -> None:
    decoder = Decoder()
    decoder.p.fetch(*decoder.projected(0, bias, lengths))
    graph = optimise(decoder.graph(tmp_path))
    assert "conv2d" not in operators(graph)
    check(graph, tmp_path, expected(0, bias, lengths))


def test_a_part_of_another_sequence_is_left_alone(tmp_path: Path) -> None:
    """Joined levels that something else is done to before they are projected."""
    decoder = Decoder()
    decoder.joined = decoder.p.op(
        "scale", [decoder.joined, decoder.p.full([1], 2.0)], attrs={"bias": 0.0}
    )
    decoder.p.fetch(*decoder.projected(0))
    graph = optimise(decoder.graph(tmp_path))
    assert "conv2d" not in operators(graph)
    check(graph, tmp_path, [2 * (part - BIAS[:, None]) + BIAS[:, None] for part in expected(0)])
