"""A part of a program, run by the SDK's importer and engine on Paddle's own tensors."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnxruntime
import openvino

from instseg.importer import extract, optimise, understand, write_onnx
from instseg.importer.ir.graph import Graph

Array = npt.NDArray[Any]
THREADS = 2


@dataclass(frozen=True)
class Stage:
    """name: for the report; inputs, outputs: what the tensor is -> the program's name of it.

    Every input of a stage is an output of an earlier one, or an input of the program: so the
    stages together leave nothing out.
    """

    name: str
    inputs: dict[str, str]
    outputs: dict[str, str]


def stage_values(stages: Sequence[Stage], program_inputs: Sequence[str]) -> list[str]:
    """All values that Paddle must show for these stages, each once, in order."""
    names = [name for stage in stages for name in (*stage.inputs.values(), *stage.outputs.values())]
    return [name for name in dict.fromkeys(names) if name not in program_inputs]


Runner = Callable[[Mapping[str, Array]], dict[str, Array]]
"""Tensors by the program's names (more than needed do no harm) -> the stage's outputs, likewise."""


def openvino_runner(program: Graph, stage: Stage) -> Runner:
    """The stage as the SDK runs it: imported, optimised, OpenVINO in FP32."""
    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS}
    with tempfile.TemporaryDirectory() as scratch:
        file = _write(program, stage, Path(scratch))
        network = core.compile_model(core.read_model(file), "CPU", settings)
    inputs = [port.any_name for port in network.inputs]

    def run(tensors: Mapping[str, Array]) -> dict[str, Array]:
        results = network({name: tensors[stage.inputs[name]] for name in inputs})
        return {value: np.array(results[name]) for name, value in stage.outputs.items()}

    return run


def onnxruntime_runner(program: Graph, stage: Stage) -> Runner:
    """The same network in another engine, to see what rounding alone does."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.log_severity_level = 3
    with tempfile.TemporaryDirectory() as scratch:
        file = str(_write(program, stage, Path(scratch)))
        session = onnxruntime.InferenceSession(file, options, ["CPUExecutionProvider"])
    inputs = [value.name for value in session.get_inputs()]

    def run(tensors: Mapping[str, Array]) -> dict[str, Array]:
        feeds = {name: tensors[stage.inputs[name]] for name in inputs}
        results = session.run(list(stage.outputs), feeds)
        return dict(zip(stage.outputs.values(), results, strict=True))

    return run


def _write(program: Graph, stage: Stage, folder: Path) -> Path:
    """An input that only gives the size of the batch is none of the network's any more."""
    graph = optimise(understand(extract(program, stage.inputs, stage.outputs)))
    write_onnx(graph, folder / "stage.onnx")
    return folder / "stage.onnx"


def worst_difference(actual: Array, expected: Array) -> float:
    """Largest absolute difference, as a part of the largest expected magnitude."""
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    assert np.isfinite(actual).all()
    assert np.isfinite(expected).all()
    return float(np.abs(actual.astype(np.float64) - expected).max() / np.abs(expected).max())
