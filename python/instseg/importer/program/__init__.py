"""Readers of Paddle's program formats; both give the same graph."""

from __future__ import annotations

from pathlib import Path

from ..ir.graph import Graph
from .legacy import read_legacy
from .pir import read_pir


def read_program(program: Path, parameters: Path) -> Graph:
    """Reads `*.json` as PIR and anything else as a legacy ProgramDesc, with its parameters."""
    reader = read_pir if program.suffix == ".json" else read_legacy
    return reader(program, parameters)
