"""The machine is described even where the system tells little."""

import os
import platform
from pathlib import Path

import pytest

from instseg import machine


def test_what_linux_tells() -> None:
    if not Path("/proc/cpuinfo").is_file():
        pytest.skip("there is no /proc/cpuinfo")
    assert machine.processor_name()
    assert 1 <= machine.usable_cores() <= (os.cpu_count() or 1)
    memory = machine.memory_bytes()
    assert memory is not None
    assert memory > 100e6
    assert machine.load_average() is not None


def test_where_the_system_tells_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*arguments: object, **options: object) -> str:
        raise OSError("no such thing")

    monkeypatch.setattr(Path, "read_text", missing)
    monkeypatch.setattr(os, "sysconf", missing)
    monkeypatch.setattr(os, "getloadavg", missing)
    monkeypatch.delattr(os, "sched_getaffinity")
    assert machine.processor_fields() == {}
    assert machine.processor_name() == (platform.processor() or platform.machine())
    assert machine.usable_cores() == (os.cpu_count() or 1)
    assert machine.memory_bytes() is None
    assert machine.load_average() is None
