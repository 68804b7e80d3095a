"""All that is wrong with a configuration, in one message."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from instseg.errors import InvalidArgument
from instseg_train.config.fields import expectation, is_section, known_fields
from instseg_train.config.nearest import nearest
from instseg_train.config.schema import Config

_MAX_SHOWN = 60


def checked_config(content: Mapping[str, Any], *, where: str) -> Config:
    """The configuration of this content; raises InvalidArgument that lists every mistake.

    where  names the source in the message
    """
    try:
        return Config.model_validate(content)
    except ValidationError as error:
        found = error.errors(include_url=False)
        mistakes = list(dict.fromkeys(_sentence(one, content) for one in found))
    if len(mistakes) == 1:
        raise InvalidArgument(f"{where}: {mistakes[0]}") from None
    listed = "".join(f"\n  {mistake}" for mistake in mistakes)
    raise InvalidArgument(f"{where} has {len(mistakes)} mistakes:{listed}") from None


def _sentence(error: Any, content: Mapping[str, Any]) -> str:
    path = [str(part) for part in error["loc"]]
    key = ".".join(path)
    if error["type"] in ("extra_forbidden", "invalid_key"):
        return f"there is no key {key}.{_suggestion(key)}"
    if error["type"] == "missing":
        return f"{key} is missing"
    given = error["input"]
    if key not in known_fields():  # a place within a list, or a member of a union
        while (key := ".".join(path)) not in known_fields():
            path.pop()
        given = _value(content, path)
    shown = repr(given)
    if len(shown) > _MAX_SHOWN:
        shown = shown[:_MAX_SHOWN] + " ..."
    reason = str(error["ctx"]["error"]) if error["type"] == "value_error" else ""
    if is_section(known_fields()[key]) and reason:
        return f"{key}: {reason}"
    return f"{key} is {shown}; {reason or f'expected {expectation(known_fields()[key])}'}"


def _value(content: Mapping[str, Any], path: list[str]) -> Any:
    value: Any = content
    for name in path:
        value = value[name]
    return value


def _suggestion(key: str) -> str:
    """The nearest key of the section, else those of such a name elsewhere, else the section's."""
    section, _, name = key.rpartition(".")
    homes: dict[str, list[str]] = {}  # of each name
    for known in known_fields():
        home, _, last = known.rpartition(".")
        homes.setdefault(last, []).append(home)
    siblings = [last for last in homes if section in homes[last]]
    if near := nearest(name, siblings):
        return f" Did you mean {_joined(section, near)}?"
    if near := nearest(name, homes):
        return f" Did you mean {' or '.join(_joined(home, near) for home in homes[near])}?"
    return f" The keys there are {', '.join(siblings)}."


def _joined(section: str, name: str) -> str:
    return f"{section}.{name}" if section else name
