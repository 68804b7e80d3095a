"""Who takes part: each contender is a worker script with the options it is loaded with."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

WORKERS = Path(__file__).resolve().parent.parent / "workers"
# Settings of the caller's shell that would change a contender's threads or modes unseen.
FOREIGN_SETTINGS = ("OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "FLAGS_", "PADDLE_", "OV_")
FORCED_PADDLEX = "PaddleX oneDNN forced"


@dataclass(frozen=True)
class Contender:
    """`name` is what the tables call it; `iterations` is the number of predictions in a turn."""

    name: str
    kind: str  # "instseg", "paddlex", "openvino" or "matmul"
    script: Path
    python: Path
    options: Mapping[str, Any]
    environment: Mapping[str, str]
    iterations: int


def environment(extra: Mapping[str, str], *, own_python: bool) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if not k.startswith(FOREIGN_SETTINGS)}
    if not own_python:
        kept.pop("PYTHONPATH", None)
    return {**kept, **extra}


def instseg(
    network: Path, image: Path, bench_dir: Path, *, precision: str, threads: int, iterations: int
) -> Contender:
    return Contender(
        name=f"instseg {precision}",
        kind="instseg",
        script=WORKERS / "instseg_worker.py",
        python=Path(sys.executable),
        options={
            "folder": str(network),
            "image": str(image),
            "threads": threads,
            "precision": precision,
        },
        environment=environment({"INSTSEG_CACHE_DIR": str(bench_dir / "cache")}, own_python=True),
        iterations=iterations,
    )


def openvino(
    network: Path,
    image: Path,
    *,
    instances: int,
    precision: str,
    threads: int,
    iterations: int,
) -> Contender:
    """instances: of which the masks are made, where a network of its own makes them."""
    return Contender(
        name=f"OpenVINO {precision}, network only",
        kind="openvino",
        script=WORKERS / "openvino_worker.py",
        python=Path(sys.executable),
        options={
            "folder": str(network),
            "image": str(image),
            "instances": instances,
            "threads": threads,
            "precision": precision,
        },
        environment=environment({}, own_python=True),
        iterations=iterations,
    )


def matmul(*, threads: int) -> Contender:
    """The machine's peak, for as long as it takes to see it."""
    return Contender(
        name="matrix product",
        kind="matmul",
        script=WORKERS / "matmul_worker.py",
        python=Path(sys.executable),
        options={"threads": threads},
        environment=environment({}, own_python=True),
        iterations=5,
    )


def paddlex(
    model_name: str,
    folder: Path,
    image: Path,
    bench_dir: Path,
    python: Path,
    *,
    mode: str,
    threads: int,
    iterations: int,
) -> Contender:
    """Mode "default" or "onednn" (forced where PaddleX would not use it)."""
    names = {"default": "PaddleX default", "onednn": FORCED_PADDLEX}
    home = {"PADDLE_PDX_CACHE_HOME": str(bench_dir / "paddlex-home")}
    return Contender(
        name=names[mode],
        kind="paddlex",
        script=WORKERS / "paddlex_worker.py",
        python=python,
        options={
            "name": model_name,
            "folder": str(folder),
            "image": str(image),
            "threads": threads,
            "mode": mode,
        },
        environment=environment(home, own_python=False),
        iterations=iterations,
    )
