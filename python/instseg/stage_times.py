"""How long each stage of a prediction takes, over many."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from instseg.predictor import Predictor

# `rle` encodes the masks; `total` is all of it, from the file to the run lengths.
STAGES = ("decode", "preprocess", "network", "postprocess", "rle", "total")


@dataclass(frozen=True)
class StageTimes:
    """Of one predictor on one picture.

    stages_ms   stage -> median, p90, min, max in ms, and spread: see `summary`
    instances   found in the picture
    image_size  its (height, width)
    """

    stages_ms: Mapping[str, Mapping[str, float]]
    instances: int
    image_size: tuple[int, int]


def measure_stages(
    predictor: Predictor,
    picture: Path | bytes,
    *,
    runs: int,
    warmup: int,
    threshold: float | None = None,
    done: Callable[[], object] = lambda: None,
) -> StageTimes:
    """Times `runs` predictions, one after the other, after `warmup` that do not count.

    `done` is called after each. Raises what `Predictor.predict` raises.
    """
    for _ in range(warmup):
        predictor.predict(picture, threshold=threshold)
        done()
    times_ms: dict[str, list[float]] = {stage: [] for stage in STAGES}
    for _ in range(runs):
        start = time.perf_counter()
        result = predictor.predict(picture, threshold=threshold)
        before_rle = time.perf_counter()
        result.masks.rle()
        end = time.perf_counter()
        for stage, ms in result.timings.items():
            times_ms[stage.removesuffix("_ms")].append(ms)
        times_ms["rle"].append((end - before_rle) * 1e3)
        times_ms["total"].append((end - start) * 1e3)
        done()
    return StageTimes(
        stages_ms={stage: summary(times) for stage, times in times_ms.items()},
        instances=len(result),
        image_size=result.image_size,
    )


def summary(times_ms: list[float]) -> dict[str, float]:
    """Median, 90th percentile (nearest rank), least, most, and (most - least) / median."""
    ordered = sorted(times_ms)
    median = statistics.median(ordered)
    p90 = ordered[max(0, -(-len(ordered) * 9 // 10) - 1)]
    least, most = ordered[0], ordered[-1]
    spread = (most - least) / median if median > 0 else 0.0
    return {"median": median, "p90": p90, "min": least, "max": most, "spread": spread}
