"""The GPU, as NVIDIA's driver describes it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from harness.gpu.plan import NoGpu

FIELDS = (
    "name",
    "driver_version",
    "memory.total",
    "compute_cap",
    "clocks.sm",
    "clocks.max.sm",
    "temperature.gpu",
    "power.limit",
)
Run = Callable[[Sequence[str]], str]


@dataclass(frozen=True)
class Gpu:
    """memory in MiB, clocks in MHz; as text what the driver may not know ("[N/A]")."""

    name: str
    driver_version: str
    memory_mib: int
    compute_capability: str
    clock_mhz: str
    most_clock_mhz: str
    temperature_c: str
    power_limit_w: str

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


def run_command(command: Sequence[str]) -> str:
    """Raises NoGpu where the program is missing or fails."""
    if shutil.which(command[0]) is None:
        raise NoGpu(
            f"{command[0]} is not on the PATH, so there is no NVIDIA driver here: this benchmark "
            "is for a machine with a GPU. Its parts that need none are tested by "
            "tests/python/benchmarks/gpu."
        )
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise NoGpu(f"{' '.join(command)} failed: {(done.stdout + done.stderr).strip()[-500:]}")
    return done.stdout


def describe_gpu(index: int, run: Run = run_command) -> Gpu:
    """GPU `index` of the driver's list. Raises NoGpu."""
    cells = query(FIELDS, index, run)
    return Gpu(cells[0], cells[1], int(cells[2]), *cells[3:])


def used_memory_mib(index: int, run: Run = run_command) -> int:
    """Of the whole GPU, by all processes. Raises NoGpu."""
    return int(query(("memory.used",), index, run)[0])


def query(fields: Sequence[str], index: int, run: Run) -> list[str]:
    text = run(
        [
            "nvidia-smi",
            f"--query-gpu={','.join(fields)}",
            "--format=csv,noheader,nounits",
            f"--id={index}",
        ]
    )
    cells = [cell.strip() for cell in text.strip().split(",")]
    if len(cells) != len(fields):
        raise NoGpu(
            f"nvidia-smi says of GPU {index}: {text.strip()!r}; expected {len(fields)} values"
        )
    return cells


def device_index(device: str) -> int:
    """Returns 0 for "gpu", 2 for "gpu:2"."""
    return int(device.partition(":")[2] or 0)
