"""What the numbers were measured on and with."""

from __future__ import annotations

import os
import platform
import subprocess
from pathlib import Path
from typing import Any

ISA_FLAGS = ("avx2", "avx512f", "avx512_vnni", "avx512_bf16", "amx_bf16", "amx_int8")
BF16_FLAGS = {"avx512_bf16", "amx_bf16"}


def cpu_fields() -> dict[str, str]:
    """The fields of the first processor in /proc/cpuinfo."""
    block = Path("/proc/cpuinfo").read_text(encoding="utf-8").split("\n\n", 1)[0]
    pairs = (line.split(":", 1) for line in block.splitlines() if ":" in line)
    return {key.strip(): value.strip() for key, value in pairs}


def cpu_flags() -> set[str]:
    return set(cpu_fields().get("flags", "").split())


def has_bf16() -> bool:
    """Whether the CPU multiplies bfloat16 in hardware."""
    return bool(BF16_FLAGS & cpu_flags())


def memory_bytes() -> int:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def commit(repository: Path) -> dict[str, Any]:
    """The commit that is checked out, and whether files under cpp/ or python/ differ from it."""

    def git(*arguments: str) -> str:
        command = ["git", "-C", str(repository), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    try:
        changed = git("status", "--porcelain", "--", "cpp", "python", "CMakeLists.txt")
        return {"id": git("rev-parse", "HEAD"), "changed": bool(changed)}
    except (OSError, subprocess.CalledProcessError):
        return {"id": "unknown (no git checkout)", "changed": False}


def describe() -> dict[str, Any]:
    fields = cpu_fields()
    flags = cpu_flags()
    return {
        "cpu": fields.get("model name", platform.machine()),
        "cpu_family_model_stepping": "/".join(
            fields.get(key, "?") for key in ("cpu family", "model", "stepping")
        ),
        "cpu_flags": [flag for flag in ISA_FLAGS if flag in flags],
        "cores_available": len(os.sched_getaffinity(0)),
        "memory_bytes": memory_bytes(),
        "system": platform.platform(),
        "python": platform.python_version(),
    }
