"""How far a run is: a bar, and lines in the log."""

from __future__ import annotations

import sys
import time
from collections.abc import Mapping

from tqdm import tqdm

from instseg_train.config import Config
from instseg_train.trainer import processes
from instseg_train.trainer.run import Run
from instseg_train.trainer.run_log import LOGGER
from instseg_train.trainer.scalars import Scalars


class ProgressLine:
    """Reports a step every `Train.log_interval` steps: mean losses, rate, time, what remains."""

    def __init__(self, config: Config, work: Run, steps_per_epoch: int, scalars: Scalars | None):
        self._config, self._work, self._scalars = config, work, scalars
        self._per_epoch = steps_per_epoch
        self._bar = tqdm(
            total=steps_per_epoch * config.train.epochs_iters,
            initial=work.state.step,
            desc=config.general.model,
            unit="step",
            disable=scalars is None or not sys.stderr.isatty(),
        )
        self._begin_interval()
        self._seconds_per_step: float | None = None

    def __enter__(self) -> ProgressLine:
        return self

    def __exit__(self, *error: object) -> None:
        self._bar.close()

    def _begin_interval(self) -> None:
        self._losses: list[Mapping[str, float]] = []
        self._waited = 0.0
        self._since = time.perf_counter()

    def waited(self, seconds: float) -> None:
        """For the next batch."""
        self._waited += seconds

    def step(self, losses: Mapping[str, float]) -> None:
        self._bar.update()
        self._losses.append(losses)
        if self._work.state.step % self._config.train.log_interval == 0:
            self._report()

    def _report(self) -> None:
        steps = len(self._losses)
        means = {
            name: sum(losses[name] for losses in self._losses) / steps for name in self._losses[-1]
        }
        elapsed = time.perf_counter() - self._since
        step, state = self._work.state.step, self._work.state
        batch = elapsed / steps
        before = self._seconds_per_step
        self._seconds_per_step = batch if before is None else 0.7 * before + 0.3 * batch
        total = self._per_epoch * self._config.train.epochs_iters
        LOGGER.info(
            "epoch %d/%d step %d/%d rate %.3g %s %.3f s/step (%.3f waiting for data) "
            "%.1f images/s eta %s",
            state.epoch + 1,
            self._config.train.epochs_iters,
            state.step_in_epoch,
            self._per_epoch,
            self._work.rate,
            " ".join(f"{name} {value:.4f}" for name, value in means.items()),
            batch,
            self._waited / steps,
            self._config.train.batch_size * processes.count() / batch,
            _duration((total - step) * self._seconds_per_step),
        )
        self._bar.set_postfix(loss=f"{means['loss']:.3f}", epoch=state.epoch + 1)
        if self._scalars is not None:
            rows = {f"train/{name}": value for name, value in means.items()}
            self._scalars.add(step, {**rows, "train/rate": self._work.rate})
        self._begin_interval()

    def evaluated(self, metrics: Mapping[str, float] | None) -> None:
        if self._scalars is not None:
            if metrics:
                self._scalars.add(self._work.state.step, metrics)
            self._scalars.draw()
        self._begin_interval()


def _duration(seconds: float) -> str:
    minutes, seconds = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02}"
