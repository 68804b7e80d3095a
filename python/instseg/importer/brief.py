"""Shows values from untrusted files in messages, whatever their size and nesting."""

from __future__ import annotations

import reprlib
from typing import Any


class _Brief(reprlib.Repr):
    """The first few members of a collection, the first levels, the ends of a long text."""

    def __init__(self) -> None:
        super().__init__()
        self.maxlevel = 3
        self.maxstring = self.maxother = 80

    def repr_int(self, x: int, level: int) -> str:
        bits = x.bit_length()
        return repr(x) if bits <= 128 else f"<a whole number of {bits} bits>"


_BRIEF = _Brief()


def brief(value: Any) -> str:
    """A `repr` of at most some hundred characters; never follows deep or shared structure."""
    return _BRIEF.repr(value)
