"""Names of a model's classes, as a user gives them."""

from __future__ import annotations

from collections.abc import Sequence

from instseg.errors import InvalidArgument


def checked_class_names(given: Sequence[str], count: int) -> list[str]:
    """The names of `count` classes; raises InvalidArgument unless they are as many, different and
    not empty."""
    if isinstance(given, str):
        raise InvalidArgument(f"class_names is the string {given!r}; give a list of names")
    names = list(given)
    if len(names) != count:
        raise InvalidArgument(f"{len(names)} class names were given for a model of {count} classes")
    if len(set(names)) != count or not all(isinstance(name, str) and name for name in names):
        raise InvalidArgument("class names must be different, not empty strings")
    return names
