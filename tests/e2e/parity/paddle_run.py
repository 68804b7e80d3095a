"""Runs Paddle on an official folder, in Paddle's own environment; results are kept on disk.

A result is found again by its content: version of worker and Paddle, program, parameters, inputs.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from filelock import FileLock
from parity.official_folder import OfficialFolder
from parity.paddle_environment import paddle_python
from parity.program_formats import ProgramFormat
from parity.program_outputs import with_outputs

Array = npt.NDArray[Any]
WORKER = Path(__file__).with_name("paddle_worker.py")
# Part of what identifies a stored result: to be raised when the worker's results change.
WORKER_VERSION = 1
THREADS = 2


class PaddleFailed(Exception):
    """Paddle's process failed; the message ends with what it printed."""


@dataclass(frozen=True)
class PaddleOutputs:
    """What the program returned, read from disk on demand."""

    file: Path

    def names(self) -> list[str]:
        with np.load(self.file) as stored:
            return [name for name in stored.files if not name.startswith(("bits of ", "shape of "))]

    def __getitem__(self, name: str) -> Array:
        with np.load(self.file) as stored:
            array: Array = stored[name]
        return array

    def masks(self, rows: Sequence[int]) -> Array:
        """bool [len(rows), H, W] of the one stack of masks among the outputs."""
        with np.load(self.file) as stored:
            [name] = [n.removeprefix("bits of ") for n in stored.files if n.startswith("bits of ")]
            bits = stored[f"bits of {name}"]
            count, height, width = stored[f"shape of {name}"].tolist()
        size, found = height * width, np.zeros((len(rows), height, width), bool)
        for place, row in enumerate(rows):
            if not 0 <= row < count:
                raise IndexError(f"mask {row} of {count}")
            first = row * size
            part = np.unpackbits(bits[first // 8 : (first + size + 7) // 8])
            found[place] = part[first % 8 :][:size].reshape(height, width)
        return found


def paddle_outputs(
    folder: OfficialFolder,
    program_format: ProgramFormat,
    inputs: Sequence[Mapping[str, Array]],
    *,
    graph_optimisation: bool,
    workplace: Path,
    extra_outputs: Sequence[str] = (),
) -> list[PaddleOutputs]:
    """One result per set of inputs; those that are not known yet are computed in one process."""
    program = folder.program.read_bytes()
    if extra_outputs:
        program = with_outputs(folder.program, extra_outputs)
    common = hashlib.sha256()
    settings = [WORKER_VERSION, program_format.paddle, graph_optimisation, folder.program.suffix]
    for part in (json.dumps(settings).encode(), program):
        common.update(hashlib.sha256(part).digest())
    for part in _pieces(folder.parameters):
        common.update(part)
    kept = workplace / "paddle-outputs"
    kept.mkdir(parents=True, exist_ok=True)
    files = [kept / f"{_key(common.hexdigest(), tensors)}.npz" for tensors in inputs]
    todo = {file: feed for file, feed in zip(files, inputs, strict=True) if not file.exists()}
    if todo:
        python = paddle_python(program_format.paddle, workplace)
        # Paddle needs gigabytes for the masks of one photo: one process at a time.
        with (
            FileLock(workplace / "paddle.lock"),
            tempfile.TemporaryDirectory(dir=workplace) as scratch,
        ):
            todo = {file: feed for file, feed in todo.items() if not file.exists()}
            _run(python, folder, program, graph_optimisation, todo, Path(scratch))
    return [PaddleOutputs(file) for file in files]


def _run(
    python: Path,
    folder: OfficialFolder,
    program: bytes,
    graph_optimisation: bool,
    todo: Mapping[Path, Mapping[str, Array]],
    scratch: Path,
) -> None:
    if not todo:
        return
    program_file = scratch / folder.program.name
    program_file.write_bytes(program)
    runs = []
    for position, tensors in enumerate(todo.values()):
        np.savez(scratch / f"inputs{position}.npz", **tensors)
        runs.append(
            {kind: str(scratch / f"{kind}{position}.npz") for kind in ("inputs", "outputs")}
        )
    job = {
        "program": str(program_file),
        "parameters": str(folder.parameters),
        "graph_optimisation": graph_optimisation,
        "threads": THREADS,
        "runs": runs,
    }
    (scratch / "job.json").write_text(json.dumps(job), encoding="utf-8")
    done = subprocess.run(
        [str(python), str(WORKER), str(scratch / "job.json")],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={
            **os.environ,
            "OMP_NUM_THREADS": str(THREADS),
            "FLAGS_use_mkldnn": "0",
            "FLAGS_enable_pir_api": "1" if program_file.suffix == ".json" else "0",
        },
    )
    if done.returncode != 0:
        raise PaddleFailed(f"{folder.path.name}, status {done.returncode}: {done.stdout[-3000:]}")
    for run, file in zip(runs, todo, strict=True):
        os.replace(run["outputs"], file)


def _key(common: str, tensors: Mapping[str, Array]) -> str:
    key = hashlib.sha256(common.encode())
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        key.update(json.dumps([name, str(array.dtype), array.shape]).encode())
        key.update(array.data)
    return key.hexdigest()


def _pieces(file: Path) -> Iterator[bytes]:
    with file.open("rb") as stream:
        while piece := stream.read(1 << 20):
            yield piece
