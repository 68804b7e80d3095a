"""A part of a program, run by the SDK's importer and engine on Paddle's own tensors."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
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


class StageRunner:
    """The network of one stage, imported and compiled as the SDK does it: OpenVINO, FP32."""

    def __init__(self, program: Graph, stage: Stage) -> None:
        self._stage = stage
        graph = optimise(understand(extract(program, stage.inputs, stage.outputs)))
        with tempfile.TemporaryDirectory() as scratch:
            file = Path(scratch) / "stage.onnx"
            write_onnx(graph, file)
            settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": THREADS}
            core = openvino.Core()
            self._network = core.compile_model(core.read_model(file), "CPU", settings)

    def run(self, tensors: Mapping[str, Array]) -> dict[str, Array]:
        """tensors: by the program's names; the result too."""
        # What only gives its batch size is no input of the network any more.
        left = {port.any_name for port in self._network.inputs}
        feeds = {ours: tensors[name] for ours, name in self._stage.inputs.items() if ours in left}
        results = self._network(feeds)
        return {
            theirs: np.array(results[ours], copy=True)
            for ours, theirs in self._stage.outputs.items()
        }


def worst_difference(actual: Array, expected: Array) -> float:
    """Largest absolute difference, as a part of the largest expected magnitude."""
    assert actual.shape == expected.shape, (actual.shape, expected.shape)
    assert np.isfinite(actual).all()
    assert np.isfinite(expected).all()
    return float(np.abs(actual.astype(np.float64) - expected).max() / np.abs(expected).max())
