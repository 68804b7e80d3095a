"""Python environments that hold nothing but Paddle, one per version; made once."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from filelock import FileLock


class EnvironmentFailed(Exception):
    """The environment could not be made; the message ends with pip's own words."""


def paddle_python(version: str, folder: Path) -> Path:
    """The interpreter of `folder`/paddle-VERSION, which is made (0.7 GB) unless it is there.

    An environment made by hand, or a link to one, counts if it holds that version of Paddle.
    """
    environment = folder / f"paddle-{version}"
    python = environment / "bin" / "python"
    folder.mkdir(parents=True, exist_ok=True)
    with FileLock(folder / f"paddle-{version}.lock"):
        if not list(
            environment.glob(f"lib/python*/site-packages/paddlepaddle-{version}.dist-info")
        ):
            print(f"making the environment of Paddle {version} (minutes)", file=sys.stderr)
            _run([sys.executable, "-m", "venv", "--clear", str(environment)])
            _run([str(python), "-m", "pip", "install", "--quiet", f"paddlepaddle=={version}"])
    return python


def _run(command: list[str]) -> None:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        raise EnvironmentFailed(f"{' '.join(command)} failed: {done.stdout[-2000:]}")
