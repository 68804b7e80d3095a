"""Ctrl-C and SIGTERM (schedulers, `timeout`): a run ends between two steps, with a checkpoint."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Any

from instseg_train.trainer.run_log import LOGGER

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class StopRequest:
    """Within the block the first signal is only noted, for `check`; a second one interrupts at
    once. Outside of the main thread signals are not caught."""

    def __init__(self) -> None:
        self._requested = False
        self._before: dict[signal.Signals, Any] = {}

    def check(self) -> None:
        """Raises KeyboardInterrupt if a stop was asked for."""
        if self._requested:
            raise KeyboardInterrupt

    def __enter__(self) -> StopRequest:
        for number in SIGNALS:
            try:
                self._before[number] = signal.signal(number, self._note)
            except ValueError:  # not the main thread
                break
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        if self._requested:
            raise KeyboardInterrupt
        self._requested = True
        LOGGER.warning("stopping after this step; once more stops at once, without a checkpoint")
