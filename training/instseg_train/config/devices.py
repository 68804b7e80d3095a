"""`Global.device`: where a run computes."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FORMS = "cpu, cpu:N (N processes), gpu, gpu:0 or gpu:0,1 (one process each)"


@dataclass(frozen=True)
class Devices:
    """ids: of the GPUs, in the order given; empty on the CPU, and for `gpu` (the first free one).

    processes: that train side by side, at least 1.
    """

    kind: Literal["cpu", "gpu"]
    ids: tuple[int, ...]
    processes: int

    @property
    def first(self) -> str:
        """What a single process uses, in the SDK's words: `cpu`, `gpu`, `gpu:1`."""
        return f"gpu:{self.ids[0]}" if self.ids else self.kind

    def engine(self, asked: str) -> str:
        """The engine of `instseg.Predictor` here. "auto" is Paddle on a GPU: the engines that it
        chooses from by itself compute on the processor."""
        return "paddle" if asked == "auto" and self.kind == "gpu" else asked


def parse_devices(text: str) -> Devices:
    """Raises ValueError that names the forms."""
    if match := re.fullmatch(r"cpu(?::([1-9]\d{0,3}))?", text):
        return Devices("cpu", (), int(match[1] or 1))
    if match := re.fullmatch(r"gpu(?::(\d+(?:,\d+)*))?", text):
        ids = tuple(int(part) for part in match[1].split(",")) if match[1] else ()
        if len(set(ids)) == len(ids):
            return Devices("gpu", ids, max(1, len(ids)))
    raise ValueError(f"expected {FORMS}")
