"""What one run of `gpu.py` measures: which models, engine, precisions and steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.model_folders import FolderError, official_folder
from instseg.errors import DownloadError, InvalidArgument, ModelError
from instseg.model_store import locate_model

Json = dict[str, Any]
CPU_ENGINE = "openvino"
# In the order in which they run.
STEPS = ("start", "correctness", "threads", "latency", "throughput", "growth")
UNTIMED = ("correctness", "threads")  # nothing else that runs on the machine changes their result


class NoGpu(Exception):
    """Nothing here to measure: the message says what is missing and what to do."""


@dataclass(frozen=True)
class Model:
    """weights: "trained" (official, own, or of a small trained variant) or "generated".
    image: of what it knows; None: the run's."""

    label: str
    folder: Path
    weights: str
    image: Path | None = None


@dataclass(frozen=True)
class Plan:
    """steps: of STEPS; streams, batches: every pair of them is a throughput."""

    models: Sequence[Model]
    engine: str
    device: str
    precisions: Sequence[str]
    steps: Sequence[str]
    image: Path
    runs: int
    warm_ups: int
    streams: Sequence[int]
    batches: Sequence[int]
    growth_predictions: int
    threads: int

    def __post_init__(self) -> None:
        labels = [model.label for model in self.models]
        if len(set(labels)) != len(labels):
            raise InvalidArgument(f"A model is asked for twice: {', '.join(sorted(labels))}.")
        if unknown := set(self.steps) - set(STEPS):
            raise InvalidArgument(
                f"Unknown steps: {', '.join(sorted(unknown))}; there are {', '.join(STEPS)}."
            )


def gpu_engine(engines: Sequence[Json], name: str, device: str) -> Json:
    """The entry of the engine that is to be measured; `engines` is instseg.engines().

    Raises NoGpu, with the engine's own remedy, where it cannot be used here.
    """
    kind = device.partition(":")[0]
    for engine in engines:
        if engine["name"] != name:
            continue
        if not engine["available"]:
            raise NoGpu(f"The engine {name!r} cannot be used here: {engine['remedy']}")
        if kind not in engine["devices"]:
            raise NoGpu(
                f"The engine {name!r} has no device {device!r} here; it has "
                f"{', '.join(engine['devices'])}."
            )
        return engine
    raise NoGpu(
        f"There is no engine {name!r} in this build; there are "
        f"{', '.join(engine['name'] for engine in engines)}. docs/gpu.md says how to install one."
    )


def usable_precisions(engine: Json, wanted: Sequence[str]) -> list[str]:
    """Raises InvalidArgument where the engine has not one that is wanted."""
    for precision in wanted:
        if precision not in engine["precisions"]:
            raise InvalidArgument(
                f"The engine {engine['name']!r} has no precision {precision!r} on this machine; "
                f"it has {', '.join(engine['precisions'])}."
            )
    return list(dict.fromkeys(wanted))


def find_model(given: str, bench_dir: Path, reference_dir: Path) -> Model:
    """A model by the path of a folder, or by its official name: of the reference data with
    generated weights where that is there, else the official one, which is fetched.

    Raises FolderError that names both ways.
    """
    try:
        official = official_folder(given, bench_dir, reference_dir)
    except FolderError as error:
        try:
            return Model(Path(given).name, locate_model(given, bench_dir / "cache"), "trained")
        except (ModelError, DownloadError) as unknown:
            raise FolderError(f"{error}; nor can it be fetched: {unknown}") from unknown
    if official.weights == "generated":
        return Model(official.model_name, official.path, "generated")
    # Small variants are named as the official model: their folder tells them apart.
    named = Path(given).name
    same = named.removesuffix("_infer") == official.model_name
    return Model(
        official.model_name if same else f"{official.model_name} ({named})",
        official.path,
        "trained",
    )
