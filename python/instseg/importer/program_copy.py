"""The model's own program in a network folder, for engines that run it whole (Paddle Inference)."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from instseg.errors import ModelError

from .cuts.image_and_outputs import image_input
from .ir.dims import text
from .ir.graph import Graph, Value
from .source_folder import CHUNK_BYTES, SourceFolder

FURTHER_INPUTS = ("im_shape", "scale_factor")


def copy_program(source: SourceFolder, program: Graph, folder: Path) -> dict[str, Any]:
    """Copies program and parameters into `folder`; returns what the manifest says about them.

    Tensors are in the program's order, but for the image, which comes first. Raises ModelError
    where an input or output is of no kind that an official program has.
    """
    image = image_input(program)
    inputs = [image, *(value for value in program.inputs if value is not image)]
    return {
        **_copy(source.program, folder),
        "parameters": _copy(source.parameters, folder),
        "inputs": [
            _tensor(value.name, "image" if value is image else _further_input(value), value)
            for value in inputs
        ],
        "outputs": [
            _tensor(name, _output(value, program), value) for name, value in program.outputs.items()
        ],
    }


def _copy(file: Path, folder: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    size = 0
    with file.open("rb") as source, (folder / file.name).open("xb") as target:
        while chunk := source.read(CHUNK_BYTES):
            digest.update(chunk)
            size += target.write(chunk)
    return {"file": file.name, "size_bytes": size, "sha256": digest.hexdigest()}


def _tensor(name: str, meaning: str, value: Value) -> dict[str, Any]:
    return {
        "name": name,
        "meaning": meaning,
        "dtype": value.dtype.name,
        "shape": [dim if isinstance(dim, int) else -1 for dim in value.shape],
    }


def _further_input(value: Value) -> str:
    if value.name not in FURTHER_INPUTS or len(value.shape) != 2:
        raise ModelError(
            f"the program takes {value}; besides the image, programs take {FURTHER_INPUTS}"
        )
    return value.name


def _output(value: Value, program: Graph) -> str:
    """The meaning by rank and type: neither order nor names are the same in all programs."""
    kind, rank = value.dtype.kind, len(value.shape)
    if rank == 3:
        return "masks"
    if rank == 2 and value.shape[1] == 6 and kind == "f":
        return "boxes"
    if rank == 1 and kind == "f":
        return "scores"
    if rank == 1 and value.dtype.name == "int64" and value.shape != (1,):
        return "class_ids"
    if rank <= 1 and kind == "i":
        return "count"
    found = ", ".join(f"{v.dtype}{text(v.shape)}" for v in program.outputs.values())
    raise ModelError(f"outputs {found} are not those of a model that finds instances")
