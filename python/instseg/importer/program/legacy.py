"""Reads a legacy program."""
from pathlib import Path

from instseg.errors import ModelError

from ..ir.graph import Graph


def read_legacy(program_path: Path, parameter_path: Path) -> Graph:
    raise ModelError(f"{program_path}: legacy programs are not read")
