"""Small programs that claim much: memory, time, or sizes that grow with every operator.

Run as a program, it imports them one after the other in bounded memory, and prints for each its
name and what came of it, as a line of JSON.
"""

from __future__ import annotations

import json
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from pir_builder import PirProgram

from instseg.errors import ModelError
from instseg.importer import optimise, propagate, read_program, understand, write_onnx

MEMORY_BYTES = 3 << 30
"""Of address space, libraries included; all constants that are allowed take 1 GiB of it."""

Bomb = Callable[[PirProgram, int], None]
BOMBS: dict[str, Bomb] = {}


def bomb(function: Bomb) -> Bomb:
    BOMBS[function.__name__] = function
    return function


@bomb
def constant_of_a_terabyte(p: PirProgram, x: int) -> None:
    p.fetch(p.op("add", [x, p.full([1 << 20, 1 << 18], 1.0)]))


@bomb
def constant_of_unknown_type(p: PirProgram, x: int) -> None:
    attrs = {"shape": [1 << 30, 1 << 9], "value": 1.0}
    constant = p.op("full", [], [("float32", [-1])], attrs)
    p.ops[-1]["O"][0]["TT"]["D"][0]["#"] = "1.t_c64"
    p.fetch(p.op("add", [x, constant]))


@bomb
def range_of_terabytes(p: PirProgram, x: int) -> None:
    limits = [p.full([1], value, "int64") for value in (0.0, 1e9, 1.0)]
    p.fetch(p.op("arange", limits, [("int64", [-1])]))


@bomb
def range_without_end(p: PirProgram, x: int) -> None:
    limits = [p.full([1], value, "float64") for value in (0.0, 1e300, 1e-300)]
    p.fetch(p.op("arange", limits, [("float64", [-1])]))


@bomb
def small_constant_repeated(p: PirProgram, x: int) -> None:
    p.fetch(p.op("tile", [p.full([8], 1.0), p.ints([1 << 27])]))


@bomb
def size_beyond_64_bits(p: PirProgram, x: int) -> None:
    p.fetch(p.op("tile", [p.full([8], 1.0), p.ints([1 << 62])]))


@bomb
def repetitions_of_repetitions(p: PirProgram, x: int) -> None:
    value = p.full([2], 1.0)
    for _ in range(60):
        value = p.op("tile", [value, p.ints([4])])
    p.fetch(value)


@bomb
def tensor_that_squares_itself(p: PirProgram, x: int) -> None:
    """The name of its size would double with every round."""
    merged = {"start_axis": 0, "stop_axis": 1}
    value = p.op("flatten", [x], attrs=merged)
    for _ in range(60):
        row, column = (p.op("unsqueeze", [value, p.ints([axis])]) for axis in (0, 1))
        value = p.op("flatten", [p.op("multiply", [row, column])], attrs=merged)
    p.fetch(value)


@bomb
def grids_of_grids(p: PirProgram, x: int) -> None:
    limits = [p.full([1], value, "int64") for value in (0.0, 60000.0, 1.0)]
    line = p.op("arange", limits, [("int64", [-1])])
    members = [("int64", [-1])] * 4
    p.fetch(*p.op_with_list("meshgrid", [p.combine([line] * 4)], members))


@bomb
def split_into_a_billion(p: PirProgram, x: int) -> None:
    wide, axis = p.data("wide", [1 << 30]), p.full([1], 0.0, "int32")
    members = [("float32", [-1])] * 2
    p.fetch(*p.op_with_list("split_with_num", [wide, axis], members, {"num": 1 << 30}))


@bomb
def axes_without_end(p: PirProgram, x: int) -> None:
    for _ in range(400):
        x = p.op("unsqueeze", [x, p.ints([0] * 60)])
    p.fetch(x)


@bomb
def copies_of_large_constants(p: PirProgram, x: int) -> None:
    """A reshape of a transposed tensor is no view."""
    value = p.full([4000, 4000], 1.0)
    for width in (2000, 4000) * 30:
        turned = p.op("transpose", [value], attrs={"perm": [1, 0]})
        value = p.op("reshape", [turned, p.ints([16_000_000 // width, width])])
        p.fetch(value)


@bomb
def sums_without_end(p: PirProgram, x: int) -> None:
    """Each result is one number, but 256 MB are read for it."""
    value = p.op("expand", [p.full([1], 1.0), p.ints([8000, 8000])])
    for _ in range(2000):
        p.fetch(p.op("max", [value, p.ints([0, 1])], attrs={"keepdim": False}))


@bomb
def windows_on_windows(p: PirProgram, x: int) -> None:
    """The size of each is spelled with that of the one before."""
    value = p.data("image", [-1, 3, -1, -1])
    attrs = {"strides": [2, 2], "paddings": [0, 0], "pooling_type": "max"}
    for _ in range(3000):
        value = p.op("pool2d", [value, p.ints([2, 2])], [("float32", [-1, 3, -1, -1])], attrs)
    p.fetch(value)


@bomb
def number_that_squares_itself(p: PirProgram, x: int) -> None:
    """Wraps around at 64 bits, as it does in Paddle; never grows beyond."""
    value = p.ints([(1 << 40) + 3])
    for _ in range(60):
        value = p.op("multiply", [value, value], [("int64", [1])])
    p.fetch(value)


@bomb
def size_that_squares_itself(p: PirProgram, x: int) -> None:
    sizes = p.op("shape64", [x], [("int64", [2])])
    for _ in range(60):
        sizes = p.op("multiply", [sizes, sizes], [("int64", [2])])
    p.fetch(p.op("reshape", [x, sizes]))


HARMLESS = {"number_that_squares_itself", "size_that_squares_itself"}


def outcome(build: Bomb, folder: Path) -> str:
    """The message of the ModelError, or "imported"."""
    program = PirProgram()
    build(program, program.data("x", [-1, 4]))
    program.write(folder)
    try:
        graph = read_program(folder / "inference.json", folder / "inference.pdiparams")
        write_onnx(optimise(understand(propagate(graph))), folder / "network.onnx")
    except ModelError as error:
        return str(error)
    return "imported"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    for name, build in BOMBS.items():
        with tempfile.TemporaryDirectory() as folder:
            began = time.process_time()
            message = outcome(build, Path(folder))
            line = {"name": name, "message": message, "seconds": time.process_time() - began}
        print(json.dumps(line), flush=True)
