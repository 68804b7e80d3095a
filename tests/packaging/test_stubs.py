"""The committed type stubs describe the module that was built."""

import subprocess
import sys
from pathlib import Path

import pytest

COMMITTED = Path(__file__).resolve().parents[2] / "python" / "instseg" / "_core.pyi"


def test_committed_stubs_equal_those_of_the_built_module(tmp_path: Path) -> None:
    pytest.importorskip("pybind11_stubgen", reason="pybind11-stubgen is not installed")
    command = [sys.executable, "-m", "pybind11_stubgen", "instseg._core", "--exit-code"]
    done = subprocess.run(
        [*command, "--output-dir", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    generated = (tmp_path / "instseg" / "_core.pyi").read_text(encoding="utf-8")
    assert COMMITTED.read_text(encoding="utf-8") == generated, "run `make stubs`"
