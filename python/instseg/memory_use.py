"""How much memory a model takes: measured in a process of its own, which does nothing else."""

from __future__ import annotations

import multiprocessing
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instseg.errors import EngineError
from instseg.made_up_picture import made_up_jpeg

_STATUS = Path("/proc/self/status")


@dataclass(frozen=True)
class MemoryUse:
    """Resident memory of the process, in bytes.

    started    with instseg imported, before the model
    loaded     with the model loaded
    predicted  after one prediction on a made-up picture of 1920 x 1080 at threshold 0, which
               draws as many masks as the model can give
    peak       the most at any time until then
    """

    started: int
    loaded: int
    predicted: int
    peak: int


def measure_memory(model: str | Path, **options: Any) -> MemoryUse:
    """Loads the model in a new process, with the options of `Predictor`, and predicts once.

    Networks come from the cache of compiled ones; those that are not there yet are compiled
    first, by another process, since that takes memory which a compiled network does not need.
    Raises what Predictor raises, and EngineError where memory cannot be measured.
    """
    if not _STATUS.is_file():
        raise EngineError("Memory is measured on Linux only: there is no /proc/self/status here.")
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(1, mp_context=context) as process:
            process.submit(_load, model, options).result()
        with ProcessPoolExecutor(1, mp_context=context) as process:
            return process.submit(_load_and_predict, model, options).result()
    except BrokenProcessPool:
        raise EngineError(
            f"The process that loaded {model} to measure its memory died; is there enough?"
        ) from None


def _load(model: str | Path, options: dict[str, Any]) -> None:
    from instseg.predictor import Predictor

    Predictor(model, **options)


def _load_and_predict(model: str | Path, options: dict[str, Any]) -> MemoryUse:
    from instseg.predictor import Predictor

    picture = made_up_jpeg()
    started = _status_bytes("VmRSS")
    predictor = Predictor(model, **options)
    loaded = _status_bytes("VmRSS")
    result = predictor.predict(picture, threshold=0.0)
    predicted = _status_bytes("VmRSS")
    del result
    return MemoryUse(started, loaded, predicted, _status_bytes("VmHWM"))


def _status_bytes(key: str) -> int:
    for line in _STATUS.read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith(f"{key}:"):
            return int(line.split()[1]) * 1024
    raise EngineError(f"{_STATUS} has no {key}, so memory cannot be measured here.")
