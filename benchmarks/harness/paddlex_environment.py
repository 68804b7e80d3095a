"""The Python environment that PaddleX runs in: made once, apart from instseg's own."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from filelock import FileLock

# The newest PaddleX, and the newest Paddle that runs Mask-RT-DETR under it in oneDNN mode:
# Paddle 3.3.1 crashes there.
REQUIREMENTS = ("paddlepaddle==3.2.2", "paddlex[cv]==3.7.2")


class EnvironmentFailed(Exception):
    """The environment could not be made; the message ends with pip's own words."""


def paddlex_python(bench_dir: Path) -> Path:
    """The interpreter of the environment under `bench_dir`, which is made (1.7 GB) if need be."""
    environment = bench_dir / "paddlex"
    python = environment / "bin" / "python"
    ready = environment / "requirements.installed"
    wanted = "\n".join(REQUIREMENTS)
    bench_dir.mkdir(parents=True, exist_ok=True)
    with FileLock(bench_dir / "paddlex.lock"):
        if ready.exists() and ready.read_text() == wanted:
            return python
        print(f"making PaddleX's environment in {environment} (minutes)", file=sys.stderr)
        run([sys.executable, "-m", "venv", "--clear", str(environment)])
        run([str(python), "-m", "pip", "install", "--quiet", *REQUIREMENTS])
        ready.write_text(wanted)
    return python


def run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise EnvironmentFailed(f"{' '.join(command)} failed: {done.stdout[-2000:]}")
