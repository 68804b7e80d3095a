"""Words that a mistyped one may have meant."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The most similar of `known`, whatever the case of the letters, or one that begins so; None
    where none is near."""
    by_case = {name.casefold(): name for name in known}
    word = word.casefold()
    close = difflib.get_close_matches(word, by_case, n=1)
    close += [name for name in by_case if len(word) > 2 and name.startswith(word)]
    return by_case[close[0]] if close else None


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """A sentence to append to a message, with its leading blank; empty where none is near."""
    near = nearest(word, known)
    return f" Did you mean {near}?" if near else ""
