"""From a program on disk to numbers: lowers all of it to ONNX and runs that in ONNX Runtime."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import onnxruntime

from instseg.importer import extract, optimise, propagate, read_program, understand, write_onnx

Array = npt.NDArray[Any]


def lower_program(folder: Path) -> Path:
    """Writes `network.onnx` beside the program, from its inputs to its fetched outputs."""
    program = next(
        p for p in (folder / "inference.json", folder / "inference.pdmodel") if p.is_file()
    )
    graph = read_program(program, folder / "inference.pdiparams")
    propagate(graph)
    whole = extract(graph, [value.name for value in graph.inputs], graph.outputs)
    write_onnx(optimise(understand(whole)), folder / "network.onnx")
    onnx.checker.check_model(str(folder / "network.onnx"), full_check=True)
    return folder / "network.onnx"


def run_onnx(path: Path, feeds: Mapping[str, Array]) -> dict[str, Array]:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, ["CPUExecutionProvider"])
    known = {value.name for value in session.get_inputs()}
    names = [value.name for value in session.get_outputs()]
    results = session.run(names, {key: value for key, value in feeds.items() if key in known})
    return dict(zip(names, results, strict=True))


def run_program(folder: Path, feeds: Mapping[str, Array]) -> list[Array]:
    """The fetched outputs, in their order."""
    results = run_onnx(lower_program(folder), feeds)
    return [results[f"fetch_{column}"] for column in range(len(results))]


def worst_difference(actual: Array, expected: Array) -> float:
    """Largest absolute difference, relative to the largest expected magnitude."""
    if actual.size == 0:
        return 0.0
    scale = max(float(np.abs(expected).max()), 1e-30)
    return float(np.abs(actual.astype(np.float64) - expected).max()) / scale
