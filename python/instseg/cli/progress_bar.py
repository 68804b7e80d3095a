"""Progress on stderr, only where a person can see it move."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tqdm import tqdm

from instseg.progress import Progress


@contextmanager
def stage_bar() -> Iterator[Progress]:
    """A progress callback that shows one bar per stage of a download or import."""
    bars: dict[str, Any] = {}

    def show(stage: str, fraction: float) -> None:
        if stage not in bars:
            for bar in bars.values():
                bar.close()
            bars[stage] = tqdm(
                total=1.0,
                desc=stage,
                disable=not sys.stderr.isatty(),
                bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}",
                leave=False,
            )
        bar = bars[stage]
        bar.update(max(0.0, min(fraction, 1.0) - bar.n))

    try:
        yield show
    finally:
        for bar in bars.values():
            bar.close()


def item_bar(total: int) -> Any:
    """A bar that counts images; hidden for a single one."""
    return tqdm(total=total, unit="image", disable=total < 2 or not sys.stderr.isatty())


def prediction_bar(total: int) -> Any:
    """A bar that counts predictions."""
    return tqdm(total=total, unit="prediction", disable=not sys.stderr.isatty(), leave=False)
