"""Runs the contenders in turn and collects their samples."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tqdm import tqdm

from harness.contenders import Contender
from harness.threshold import choose_threshold
from harness.worker_process import WorkerError, WorkerProcess

Json = dict[str, Any]
LOAD_TIMEOUT_S = 900.0
PREDICTION_TIMEOUT_S = 180.0  # for one prediction; the slowest known takes 40 s


@dataclass
class Measurement:
    """What one contender did. `rounds` holds one list of samples (worker_protocol.py) a round,
    `detections` the instances of the last prediction."""

    contender: Contender
    info: Json = field(default_factory=dict)
    rounds: list[list[Json]] = field(default_factory=list)
    detections: list[Json] | None = None
    memory_loaded: Json = field(default_factory=dict)
    memory: Json = field(default_factory=dict)
    error: str | None = None

    def totals_ms(self) -> list[list[float]]:
        return [[sample["total_ms"] for sample in samples] for samples in self.rounds]

    def stage_ms(self, stage: str) -> list[list[float]]:
        return [[sample["stages_ms"][stage] for sample in samples] for samples in self.rounds]


class Race:
    """The running workers of one model. Use as a context manager."""

    def __init__(self, cores: Sequence[int], log_dir: Path) -> None:
        self._cores = cores
        self._log_dir = log_dir
        self._stack = ExitStack()
        self._workers: list[tuple[Measurement, WorkerProcess]] = []
        self.measurements: list[Measurement] = []

    def __enter__(self) -> Race:
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def start(self, contender: Contender) -> Measurement:
        """Starts and loads one contender; a failure is kept in its measurement."""
        measurement = Measurement(contender)
        self.measurements.append(measurement)
        worker = WorkerProcess(
            contender.script,
            python=contender.python,
            cores=self._cores,
            log_path=self._log_dir / f"{contender.name.replace(' ', '-').replace(',', '')}.log",
            environment=contender.environment,
        )
        self._stack.callback(worker.close)
        self._workers.append((measurement, worker))
        reply = self._ask(measurement, worker, "load", LOAD_TIMEOUT_S, **contender.options)
        if reply:
            measurement.info = reply["info"]
            reply = self._ask(measurement, worker, "memory", PREDICTION_TIMEOUT_S)
            measurement.memory_loaded = reply or {}
        return measurement

    def reference_threshold(self) -> tuple[float, int]:
        """The threshold, and how many instances it keeps: calibrated on the first contender that
        runs. To be called before contenders without instances are started. Raises WorkerError."""
        for measurement, worker in list(self._workers):
            if self._predict(measurement, worker, 1, threshold=0.0):
                scores = [row["score"] for row in measurement.detections or []]
                threshold = choose_threshold(scores)
                return threshold, sum(score > threshold for score in scores)
        errors = "; ".join(m.error for m in self.measurements if m.error)
        raise WorkerError(f"no contender ran: {errors}")

    def run(self, rounds: int, threshold: float, title: str, *, fewest_warm_ups: int = 2) -> None:
        """Warms every contender up, then `rounds` rounds in which each has one turn."""
        with tqdm(total=(rounds + 1) * len(self._workers), desc=title, unit="turn") as bar:
            for measurement, worker in list(self._workers):
                bar.set_postfix_str(f"warm-up, {measurement.contender.name}")
                count = max(fewest_warm_ups, measurement.contender.iterations)
                self._predict(measurement, worker, count, threshold)
                self._ask(measurement, worker, "reset_peak", PREDICTION_TIMEOUT_S)
                bar.update()
            for number in range(rounds):
                for measurement, worker in list(self._workers):
                    bar.set_postfix_str(f"round {number + 1}, {measurement.contender.name}")
                    count = measurement.contender.iterations
                    samples = self._predict(measurement, worker, count, threshold)
                    if samples:
                        measurement.rounds.append(samples)
                    bar.update()
        for measurement, worker in list(self._workers):
            reply = self._ask(measurement, worker, "memory", PREDICTION_TIMEOUT_S)
            measurement.memory = reply or {}

    def _predict(
        self, measurement: Measurement, worker: WorkerProcess, count: int, threshold: float
    ) -> list[Json]:
        timeout_s = PREDICTION_TIMEOUT_S * count
        reply = self._ask(
            measurement, worker, "predict", timeout_s, count=count, threshold=threshold
        )
        if reply is None:
            return []
        measurement.detections = reply["detections"]
        samples: list[Json] = reply["samples"]
        return samples

    def _ask(
        self,
        measurement: Measurement,
        worker: WorkerProcess,
        command: str,
        timeout_s: float,
        **options: Any,
    ) -> Json | None:
        """The answer, or None after a failure, which takes the contender out of the race."""
        try:
            return worker.request(command, timeout_s=timeout_s, **options)
        except WorkerError as error:
            measurement.error = str(error)
            self._workers.remove((measurement, worker))
            return None
