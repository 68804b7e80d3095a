"""Memory is measured in a process of its own."""

import sys
from pathlib import Path

import pytest

from instseg import EngineError, InvalidArgument, memory_use
from instseg.memory_use import measure_memory

if sys.platform != "linux":
    pytest.skip("memory is measured on Linux only", allow_module_level=True)


def test_stages_grow(tiny_model: Path) -> None:
    used = measure_memory(tiny_model, num_threads=1)
    assert 10e6 < used.started < used.loaded < used.predicted <= used.peak < 2e9


def test_errors_of_the_other_process_arrive(tiny_model: Path) -> None:
    with pytest.raises(InvalidArgument, match="fp7"):
        measure_memory(tiny_model, precision="fp7")


def test_a_process_that_dies_is_an_engine_error(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_use, "_load", _die)
    with pytest.raises(EngineError, match="died"):
        measure_memory(tiny_model)


def _die(model: object, options: object) -> None:
    import os

    os._exit(3)


def test_where_there_is_no_proc(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory_use, "_STATUS", tmp_path / "gone")
    with pytest.raises(EngineError, match="Linux only"):
        measure_memory(tiny_model)
    (tmp_path / "gone").write_text("Name: x\n")
    with pytest.raises(EngineError, match="VmRSS"):
        memory_use._status_bytes("VmRSS")
