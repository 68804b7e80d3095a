"""Batch norm and added biases fold into the convolution before them, where that is allowed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import numpy_twins as twins
import pytest
from interpret import graph_of, operators
from pir_builder import PirProgram
from run_network import run_onnx, worst_difference

from instseg.errors import ModelError
from instseg.importer.lowering.onnx_file import write_onnx
from instseg.importer.passes.pipeline import optimise, understand

Array = npt.NDArray[Any]
TOLERANCE = 2e-6
"""float32 against float64, sums of 36 terms."""

RANDOM = np.random.default_rng(4)
X = RANDOM.normal(size=(1, 4, 6, 6)).astype(np.float32)
W = RANDOM.normal(size=(6, 2, 3, 3)).astype(np.float32)
MEAN, GAMMA, BETA, BIAS = (RANDOM.normal(size=6).astype(np.float32) for _ in range(4))
VARIANCE = RANDOM.uniform(0.01, 2, 6).astype(np.float32)
CONV = {
    "data_format": "NCHW",
    "strides": [1, 1],
    "paddings": [1, 1],
    "padding_algorithm": "EXPLICIT",
    "dilations": [1, 1],
    "groups": 2,
}


def conv(p: PirProgram, x: int) -> int:
    return p.op("conv2d", [x, p.parameter(f"w{x}", W)], attrs=CONV)


def norm(p: PirProgram, x: int, **changes: Array) -> int:
    arrays = {"mean": MEAN, "variance": VARIANCE, "gamma": GAMMA, "beta": BETA, **changes}
    values = [p.parameter(f"{name}{x}", array) for name, array in arrays.items()]
    return p.op("batch_norm_", [x, *values], [("float32", [-1])] * 5, {"epsilon": 1e-5})


def add(p: PirProgram, x: int, shape: tuple[int, ...] = (1, 6, 1, 1)) -> int:
    size = int(np.prod(shape))
    return p.op("add", [x, p.parameter(f"b{x}", np.resize(BIAS, size).reshape(shape))])


def twin(x: Array) -> Array:
    return twins.conv2d(x, W, pads=((1, 1), (1, 1)), groups=2)


def normal(x: Array) -> Array:
    return twins.batch_norm(x, *(a.astype(np.float64) for a in (MEAN, VARIANCE, GAMMA, BETA)))


B = BIAS.reshape(1, 6, 1, 1)
CASES: dict[str, tuple[Callable[[PirProgram, int], int], list[str], Callable[[Array], Array]]] = {
    "batch norm": (lambda p, x: norm(p, conv(p, x)), ["conv2d"], lambda a: normal(twin(a))),
    "bias": (lambda p, x: add(p, conv(p, x)), ["conv2d"], lambda a: twin(a) + B),
    "bias of rank 3": (
        lambda p, x: add(p, conv(p, x), (6, 1, 1)),
        ["conv2d"],
        lambda a: twin(a) + B,
    ),
    "bias, batch norm, bias": (
        lambda p, x: add(p, norm(p, add(p, conv(p, x)))),
        ["conv2d"],
        lambda a: normal(twin(a) + B) + B,
    ),
    "batch norm twice": (
        lambda p, x: norm(p, norm(p, conv(p, x))),
        ["conv2d"],
        lambda a: normal(normal(twin(a))),
    ),
    "bias along the width": (
        lambda p, x: add(p, conv(p, x), (6,)),
        ["conv2d", "add"],
        lambda a: twin(a) + BIAS,
    ),
    "bias per pixel": (
        lambda p, x: add(p, conv(p, x), (1, 1, 6, 6)),
        ["conv2d", "add"],
        lambda a: twin(a) + np.resize(BIAS, (6, 6)),
    ),
    "batch norm after something else": (
        lambda p, x: norm(p, p.op("relu", [conv(p, x)])),
        ["conv2d", "relu", "multiply", "add"],
        lambda a: normal(np.maximum(twin(a), 0)),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_folded_network_equals_numpy(name: str, tmp_path: Path) -> None:
    build, expected, reference = CASES[name]
    p = PirProgram()
    p.fetch(build(p, p.data("x", [-1, 4, 6, 6])))
    graph = optimise(understand(graph_of(p, tmp_path)))
    assert operators(graph) == expected
    write_onnx(graph, tmp_path / "network.onnx")
    [found] = run_onnx(tmp_path / "network.onnx", {"x": X}).values()
    assert worst_difference(found, reference(X.astype(np.float64))) <= TOLERANCE


def test_convolution_with_a_second_reader_stays(tmp_path: Path) -> None:
    p = PirProgram()
    value = conv(p, p.data("x", [-1, 4, 6, 6]))
    p.fetch(norm(p, value), value)
    assert operators(optimise(understand(graph_of(p, tmp_path)))) == ["conv2d", "multiply", "add"]


BROKEN: dict[str, tuple[dict[str, Array], str]] = {
    "negative variance": ({"variance": -VARIANCE}, "variance plus epsilon is not positive"),
    "variance that is no number": (
        {"variance": np.full(6, np.nan, np.float32)},
        "variance plus epsilon is not positive",
    ),
    "one number for all": ({"gamma": GAMMA[:1]}, r"float32\[1\] const does not fit input"),
    "too many numbers": ({"mean": np.zeros(7, np.float32)}, r"\[7\] const does not fit input"),
    "a matrix": ({"beta": np.zeros((6, 1), np.float32)}, r"\[6, 1\] const does not fit input"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_wrong_statistics_are_refused(name: str, tmp_path: Path) -> None:
    changes, message = BROKEN[name]
    p = PirProgram()
    p.fetch(norm(p, conv(p, p.data("x", [-1, 4, 6, 6])), **changes))
    with pytest.raises(ModelError, match=r"operator 'batch_norm' .*" + message):
        optimise(understand(graph_of(p, tmp_path)))


def test_weights_beyond_float32_are_written_as_they_are(tmp_path: Path) -> None:
    """Infinite weights are no error of the importer: the engine's outputs show them."""
    p = PirProgram()
    huge = np.full(6, 3e38, np.float32)
    p.fetch(norm(p, conv(p, p.data("x", [-1, 4, 6, 6])), gamma=huge, mean=huge))
    graph = optimise(understand(graph_of(p, tmp_path)))
    write_onnx(graph, tmp_path / "network.onnx")
    [found] = run_onnx(tmp_path / "network.onnx", {"x": X}).values()
    assert not np.isfinite(found).all()
