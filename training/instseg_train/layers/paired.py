"""Sequences walked side by side in code that is exported."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import paddle


@paddle.jit.not_to_static
def paired(*sequences: Iterable[Any]) -> list[tuple[Any, ...]]:
    """The tuples of `zip(..., strict=True)`; raises ValueError for lengths that differ. Paddle puts
    a function without `strict` in zip's place where it traces code, but not in here."""
    return list(zip(*sequences, strict=True))
