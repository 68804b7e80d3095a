"""Checks of what callers pass to a predictor, with messages that say what to do."""

import difflib
import math
import numbers
from collections.abc import Iterable, Sequence
from typing import Any

from instseg.errors import InvalidArgument


def check_threshold(threshold: Any) -> float | None:
    """A score threshold in 0..1, or None for the model's own."""
    if threshold is None:
        return None
    if isinstance(threshold, bool) or not isinstance(threshold, numbers.Real):
        raise InvalidArgument(
            f"threshold={threshold!r} is of type {type(threshold).__name__}; expected a number "
            "from 0 to 1, or None for the model's own."
        )
    value = float(threshold)
    if math.isnan(value) or not 0.0 <= value <= 1.0:
        raise InvalidArgument(
            f"threshold={value:g} is out of range; expected a number from 0 to 1."
        )
    return value


# What fits into C++'s int.
MAX_COUNT = 2**31 - 1


def check_count(name: str, value: Any, *, most: int = MAX_COUNT) -> int:
    """Returns `value` as int; raises InvalidArgument unless it is an integer in 1..most."""
    is_integer = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not is_integer or not 1 <= int(value) <= most:
        raise InvalidArgument(f"{name}={value!r}; expected an integer from 1 to {most}.")
    return int(value)


def resolve_classes(
    classes: str | int | Iterable[str | int] | None, class_names: Sequence[str]
) -> list[int] | None:
    """Class names or ids -> ids, in the order given, each once. None = all classes."""
    if classes is None:
        return None
    given = [classes] if isinstance(classes, str | numbers.Integral) else classes
    if not isinstance(given, Iterable):
        raise InvalidArgument(
            f"classes={classes!r} is of type {type(classes).__name__}; expected names or ids."
        )
    ids = list(dict.fromkeys(_class_id(entry, class_names) for entry in given))
    if not ids:
        raise InvalidArgument("classes is empty; leave it out for all classes.")
    return ids


def _class_id(entry: Any, class_names: Sequence[str]) -> int:
    count = len(class_names)
    if isinstance(entry, str):
        if entry in class_names:
            return list(class_names).index(entry)
        close = difflib.get_close_matches(entry, class_names, n=1)
        hint = f"Did you mean {close[0]!r}?" if close else f"It has {_listing(class_names)}."
        raise InvalidArgument(f"The model has no class {entry!r}. {hint}")
    if isinstance(entry, numbers.Integral) and not isinstance(entry, bool):
        if 0 <= int(entry) < count:
            return int(entry)
        raise InvalidArgument(f"There is no class id {entry}; the model's are 0 to {count - 1}.")
    raise InvalidArgument(
        f"A class cannot be {entry!r} of type {type(entry).__name__}; expected a name or an id."
    )


def _listing(class_names: Sequence[str], most: int = 20) -> str:
    shown = ", ".join(class_names[:most])
    return shown if len(class_names) <= most else f"{shown} and {len(class_names) - most} more"
