"""ONNX networks of a few nodes, written down in one line each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import helper, numpy_helper

Array = npt.NDArray[Any]
Line = tuple[str, str, str] | tuple[str, str, str, dict[str, Any]]
"""Operator, names of inputs, names of outputs (each a text with spaces; "-" is an absent input),
attributes. The node's name is that of its first output."""


def network(
    lines: Sequence[Line],
    inputs: Mapping[str, Sequence[int | str]],
    outputs: Mapping[str, Sequence[int | str]],
    constants: Mapping[str, Array] | None = None,
) -> onnx.ModelProto:
    """Inputs and outputs are float32."""
    nodes = []
    for op_type, reads, makes, *attributes in lines:
        names = ["" if name == "-" else name for name in reads.split()]
        made = makes.split()
        nodes.append(
            helper.make_node(
                op_type, names, made, name=made[0], **(attributes[0] if attributes else {})
            )
        )
    graph = helper.make_graph(
        nodes,
        "network",
        [_info(name, shape) for name, shape in inputs.items()],
        [_info(name, shape) for name, shape in outputs.items()],
        [numpy_helper.from_array(a, name) for name, a in (constants or {}).items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def numbers(*shape: int, seed: int = 0) -> Array:
    """float32 in -1..1."""
    return np.random.default_rng(seed).uniform(-1, 1, shape).astype(np.float32)


def _info(name: str, shape: Sequence[int | str]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, list(shape))
