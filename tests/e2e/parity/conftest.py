"""Fixtures of the comparison with Paddle."""

import os
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest

# OpenCV's bicubic resize is Intel IPP's, whose AVX-512 code rounds a few values the other way, by
# one level; what PaddleX feeds must not depend on the machine.
os.environ.setdefault("OPENCV_IPP", "avx2")

from parity.models import Model
from parity.program_formats import ProgramFormat
from parity.records import WRITTEN, read_records
from parity.reference import Reference
from parity.report import report
from parity.workplace import reference_dir, workplace


@pytest.fixture(scope="session")
def shared() -> Path:
    folder = reference_dir()
    if not (folder / "official" / "make_params.py").is_file():
        pytest.skip(f"no shared data in {folder}; name the folder in INSTSEG_REFERENCE_DIR")
    return folder


@pytest.fixture(scope="session")
def reference(shared: Path) -> Callable[[Model, ProgramFormat], Reference]:
    """Keeps the last one only: programs are large."""

    @lru_cache(maxsize=1)
    def make(model: Model, program_format: ProgramFormat) -> Reference:
        return Reference(model, program_format, shared=shared, workplace=workplace())

    return make


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Prints and writes the report where a check was recorded, as `make parity` does."""
    if not WRITTEN:
        return
    text = report(read_records())
    (workplace() / "report.md").write_text(text, encoding="utf-8")
    terminalreporter.write_line("")
    terminalreporter.write(text)
    terminalreporter.write_line(f"written to {workplace() / 'report.md'}")
