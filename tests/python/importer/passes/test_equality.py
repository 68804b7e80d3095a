"""The passes, together and one by one, on random graphs: never another number."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from interpret import graph_of, interpret
from pir_builder import DType, PirProgram
from run_network import run_onnx, worst_difference

from instseg.importer.ir.graph import Graph
from instseg.importer.lowering.onnx_file import write_onnx
from instseg.importer.passes.batch_independence import BATCH_INDEPENDENCE
from instseg.importer.passes.broadcasts import BROADCASTS
from instseg.importer.passes.constant_folding import fold_constants
from instseg.importer.passes.conv_folding import CONV_FOLDING
from instseg.importer.passes.dead_code import remove_dead_code
from instseg.importer.passes.duplicates import merge_duplicates
from instseg.importer.passes.mask_extents import MASK_EXTENTS
from instseg.importer.passes.pipeline import optimise, understand
from instseg.importer.passes.rewriting import rewrite
from instseg.importer.passes.simplify import SIMPLIFY

SHAPE = (2, 3, 4, 4)
CONV_TOLERANCE = 2e-5
"""Folded weights are rounded to float32 once more: some ulps per convolution, several in a row."""

PASSES: dict[str, Callable[[Graph], Graph]] = {
    "constant folding": fold_constants,
    "dead code": remove_dead_code,
    "duplicates": merge_duplicates,
    "simplify": lambda graph: rewrite(graph, SIMPLIFY),
    "broadcasts": lambda graph: rewrite(graph, BROADCASTS),
    "conv folding": lambda graph: rewrite(graph, CONV_FOLDING),
    "batch independence": lambda graph: rewrite(graph, BATCH_INDEPENDENCE),
    "mask extents": lambda graph: rewrite(graph, MASK_EXTENTS),
    "all": lambda graph: optimise(understand(graph)),
}


class RandomProgram:
    """Chains of operators on values [2, 3, 4, 4], of the kinds that the passes look for."""

    def __init__(self, seed: int, *, convolutions: bool) -> None:
        self.random = random.Random(seed)
        self.numbers = np.random.default_rng(seed)
        self.p = PirProgram()
        self.values = [self.p.data("x", list(SHAPE)), self.p.data("y", list(SHAPE))]
        kinds = [self.binary, self.scale, self.round_trip, self.joined, self.chosen, self.silu]
        kinds += [self.unused, self.twice] + [self.convolution] * (3 if convolutions else 0)
        for _ in range(14):
            self.values.append(self.random.choice(kinds)())
        self.p.fetch(*self.values[-4:], self.value())

    def value(self) -> int:
        return self.random.choice(self.values)

    def constant(self) -> int:
        shape = self.random.choice([[], [1], [3, 1, 1], [1, 3, 1, 1], list(SHAPE), [4]])
        number = self.random.choice([0.0, 1.0, -0.5, 2.25])
        if self.random.random() < 0.5:
            return self.p.full(shape, number)
        array = self.numbers.normal(size=shape).astype(np.float32)
        return self.p.parameter(f"w{len(self.p.parameters)}", array)

    def operand(self) -> int:
        """A value, a constant, or a constant made as large as the values."""
        kind = self.random.randrange(4)
        if kind == 0:
            return self.value()
        if kind == 1:
            return self.constant()
        if kind == 2:
            return self.p.op("expand", [self.constant(), self.p.ints(list(SHAPE))])
        return self.p.op("full_like", [self.value(), self.p.full([1], self.random.choice([0, 1]))])

    def binary(self) -> int:
        op = self.random.choice(["add", "subtract", "multiply", "maximum", "minimum"])
        operands = [self.value(), self.operand()]
        self.random.shuffle(operands)
        return self.p.op(op, operands)

    def scale(self) -> int:
        factor = self.p.full([1], self.random.choice([1.0, 0.5]))
        attrs = {"bias": self.random.choice([0.0, 0.25]), "bias_after_scale": True}
        return self.p.op("scale", [self.value(), factor], attrs=attrs)

    def round_trip(self) -> int:
        """A detour that changes nothing, or nearly nothing."""
        p, x = self.p, self.value()
        match self.random.randrange(5):
            case 0:
                flat = p.op("flatten", [x], attrs={"start_axis": 2, "stop_axis": 3})
                return p.op("reshape", [flat, p.ints(list(SHAPE))])
            case 1:
                turned = p.op("transpose", [x], attrs={"perm": [0, 3, 1, 2]})
                return p.op("transpose", [turned], attrs={"perm": [0, 2, 3, 1]})
            case 2:
                kind = self.random.choice(["float32", "int32", "bool"])
                there = p.op("cast", [x], [(kind, [-1])], {"dtype": DType(kind)})
                return p.op("cast", [there], attrs={"dtype": DType("float32")})
            case 3:
                attrs = {"axes": [2], "infer_flags": [1], "decrease_axis": []}
                return p.op("slice", [x, p.ints([0]), p.ints([4])], attrs=attrs)
            case _:
                return p.op("expand", [p.op("assign", [x]), p.ints([-1, 3, -1, 4])])

    def joined(self) -> int:
        p, axis = self.p, self.random.choice([1, 2, 3])
        if self.random.random() < 0.5:  # stack([x])[0]
            stacked = p.op("stack", [p.combine([self.value()])], attrs={"axis": axis})
            attrs = {"axes": [axis], "infer_flags": [1], "decrease_axis": [axis]}
            return p.op("slice", [stacked, p.ints([0]), p.ints([1])], attrs=attrs)
        pair = [self.value(), self.value()]
        stacked = p.op("stack", [p.combine(pair)], attrs={"axis": axis})
        merged = p.op("flatten", [stacked], attrs={"start_axis": axis, "stop_axis": axis + 1})
        size = SHAPE[axis]
        members = [("float32", [-1])] * 2
        place = p.full([1], float(axis), "int32")
        halves = p.op_with_list("split", [merged, p.ints([size, -1]), place], members)
        return self.random.choice(halves)

    def chosen(self) -> int:
        p = self.p
        if self.random.random() < 0.3:
            full = p.full(list(SHAPE), self.random.choice([0.0, 1.0]))
            condition = p.op("cast", [full], [("bool", [-1])], {"dtype": DType("bool")})
        else:
            limit = self.random.choice([self.value(), p.full([], 0.1)])
            condition = p.op("greater_than", [self.value(), limit], [("bool", [-1])])
        return p.op("where", [condition, self.value(), self.operand()])

    def silu(self) -> int:
        x = self.value()
        pair = [x, self.p.op("sigmoid", [x if self.random.random() < 0.7 else self.value()])]
        self.random.shuffle(pair)
        return self.p.op("multiply", pair)

    def unused(self) -> int:
        self.p.op("relu", [self.value()])
        return self.p.op("relu", [self.value()])

    def twice(self) -> int:
        x, one = self.value(), self.p.full([1], 0.5)
        attrs = {"bias": 1.0, "bias_after_scale": True}
        pair = [self.p.op("scale", [x, one], attrs=attrs) for _ in range(2)]
        return self.p.op("add", pair)

    def convolution(self) -> int:
        p, count = self.p, len(self.p.parameters)

        def normal(name: str, *shape: int) -> int:
            array = self.numbers.normal(size=shape).astype(np.float32)
            return p.parameter(f"{name}{count}", array)

        attrs = {
            "data_format": "NCHW",
            "strides": [1, 1],
            "paddings": [1, 1],
            "padding_algorithm": "EXPLICIT",
            "dilations": [1, 1],
            "groups": 1,
        }
        value = p.op("conv2d", [self.value(), normal("conv", 3, 3, 3, 3)], attrs=attrs)
        if self.random.random() < 0.3:
            self.values.append(value)  # a second reader
        for _ in range(self.random.randrange(3)):
            if self.random.random() < 0.5:
                value = p.op("add", [value, normal(f"bias{value}", 1, 3, 1, 1)])
                continue
            statistics = [normal(f"{name}{value}", 3) for name in ("mean", "gamma", "beta")]
            spread = self.numbers.uniform(0.5, 2, 3).astype(np.float32)
            statistics.insert(1, p.parameter(f"variance{value}.{count}", spread))
            outputs = [("float32", [-1])] * 5
            value = p.op("batch_norm_", [value, *statistics], outputs, {"epsilon": 1e-5})
        return value


def feeds(seed: int) -> dict[str, np.ndarray]:
    numbers = np.random.default_rng(seed + 1000)
    return {name: numbers.normal(size=SHAPE).astype(np.float32) for name in "xy"}


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("name", PASSES)
def test_pass_keeps_every_bit(name: str, seed: int, tmp_path: Path) -> None:
    program = RandomProgram(seed, convolutions=False).p
    expected = interpret(graph_of(program, tmp_path), feeds(seed))
    found = interpret(PASSES[name](graph_of(program, tmp_path)), feeds(seed))
    for output, array in expected.items():
        np.testing.assert_array_equal(found[output], array, strict=True)


@pytest.mark.parametrize("seed", range(12, 24))
def test_folded_convolutions_differ_by_rounding(seed: int, tmp_path: Path) -> None:
    program = RandomProgram(seed, convolutions=True).p
    expected = interpret(graph_of(program, tmp_path), feeds(seed))
    found = interpret(optimise(understand(graph_of(program, tmp_path))), feeds(seed))
    for output, array in expected.items():
        assert worst_difference(found[output], array.astype(np.float64)) <= CONV_TOLERANCE


@pytest.mark.parametrize("seed", range(24, 32))
def test_onnx_runtime_gives_the_same(seed: int, tmp_path: Path) -> None:
    """Exact casts to int32 and bool aside, which a difference in the last bit may turn over."""
    program = RandomProgram(seed, convolutions=False).p
    graph = graph_of(program, tmp_path)
    given = feeds(seed)
    expected = interpret(graph, given)
    write_onnx(optimise(understand(graph)), tmp_path / "network.onnx")
    found = run_onnx(tmp_path / "network.onnx", given)
    for output, array in expected.items():
        close = np.isclose(found[output], array, rtol=1e-5, atol=1e-5)
        assert close.mean() >= 0.99


def test_random_programs_meet_every_pass(tmp_path: Path) -> None:
    """Else the tests above would compare a graph with itself."""
    changed = dict.fromkeys(PASSES, 0)
    for seed in range(10):
        program = RandomProgram(seed, convolutions=True).p
        for name, apply in PASSES.items():
            graph = graph_of(program, tmp_path)
            before = [(node.op, len(node.inputs)) for node in graph.nodes]
            after = [(node.op, len(node.inputs)) for node in apply(graph).nodes]
            changed[name] += after != before
    never = {name for name, count in changed.items() if count == 0}
    # Constants were folded when the shapes were found; the rest has tests of its own.
    assert never <= {"constant folding", "batch independence", "mask extents"}
