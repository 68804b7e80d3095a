"""Runs a graph node by node in NumPy: what it gives must be the same after every pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import numpy_twins as twins
from pir_builder import PirProgram

from instseg.importer import propagate, read_program
from instseg.importer.ir.graph import Graph, Node, Value
from instseg.importer.passes.evaluators import EVALUATORS

Array = npt.NDArray[Any]


def sigmoid(x: Array) -> Array:
    return np.asarray(1 / (1 + np.exp(-x)))


def conv2d(node: Node, x: list[Array]) -> list[Array]:
    top, left = node.attrs["paddings"]
    strides = tuple(node.attrs["strides"])
    groups = node.attrs["groups"]
    out = twins.conv2d(x[0], x[1], strides, ((top, top), (left, left)), groups=groups)
    return [out + x[2].reshape(1, -1, 1, 1) if len(x) > 2 else out]


TWINS: dict[str, Callable[[Node, list[Array]], list[Array]]] = {
    **EVALUATORS,
    "relu": lambda node, x: [np.maximum(x[0], 0)],
    "sigmoid": lambda node, x: [sigmoid(x[0])],
    "silu": lambda node, x: [x[0] * sigmoid(x[0])],
    "conv2d": conv2d,
    "batch_norm": lambda node, x: [twins.batch_norm(*x)],
    "shape": lambda node, x: [np.array(x[0].shape)],
    "logical_and": lambda node, x: [np.logical_and(*x)],
}


def interpret(graph: Graph, feeds: Mapping[str, Array]) -> dict[str, Array]:
    """All outputs by name; every value is rounded to its type, as it would be at run time."""
    arrays: dict[Value, Array] = {value: feeds[value.name] for value in graph.inputs}

    def array(value: Value) -> Array:
        return arrays[value] if value in arrays else value.array()

    for node in graph.nodes:
        operands = [array(value) for value in node.inputs if value is not None]
        for value, result in zip(node.outputs, TWINS[node.op](node, operands), strict=False):
            arrays[value] = np.asarray(result).astype(value.dtype)
    return {name: array(value) for name, value in graph.outputs.items()}


def graph_of(
    program: PirProgram, folder: Path, shapes: Mapping[str, tuple[int, ...]] | None = None
) -> Graph:
    """The program as a graph whose shapes are known; `shapes` fixes those of inputs."""
    program.write(folder)
    graph = read_program(folder / "inference.json", folder / "inference.pdiparams")
    return propagate(graph, shapes)


def operators(graph: Graph) -> list[str]:
    return [node.op for node in graph.nodes]
