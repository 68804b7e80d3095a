"""`-o A.b.c=value`: one key of a configuration by hand."""

from __future__ import annotations

import re
from typing import Any

import yaml

from instseg.errors import InvalidArgument
from instseg_train.config.fields import known_fields, takes_none, takes_text_alone

_CONSTANTS: dict[str, bool | None] = {
    "None": None,
    "null": None,
    **dict.fromkeys(("TRUE", "True", "true", "T", "t"), True),
    **dict.fromkeys(("FALSE", "False", "false", "F", "f"), False),
}
_NUMBER = re.compile(r"[+-]?(\d+|(\d+\.\d*|\.\d+)([eE][+-]?\d+)?|\d+[eE][+-]?\d+)")


def apply_override(content: dict[str, Any], override: str) -> None:
    """Sets one key of `content`, nested sections and lists as a file has them.

    override  KEY=VALUE; only the first "=" divides. KEY: names joined by dots, of a list's entry
              its number. A key that is not there is set all the same, for the schema to refuse.

    Raises InvalidArgument: no "=", a key through a value that has no keys, a number past the end.
    """
    key, divider, text = override.partition("=")
    names = key.strip().split(".")
    if not divider or not all(names):
        raise InvalidArgument(
            f"the override {override!r} is not of the form Section.key=value, such as "
            "Train.epochs_iters=20"
        )
    place: Any = content
    for depth, name in enumerate(names[:-1]):
        where = ".".join(names[:depth])
        if isinstance(place, dict):
            place = place.setdefault(name, {})
        else:
            place = place[_position(place, name, where)]
    if isinstance(place, dict):
        place[names[-1]] = parse_value(text, key.strip())
    else:
        place[_position(place, names[-1], ".".join(names[:-1]))] = parse_value(text, key.strip())


def _position(place: Any, name: str, where: str) -> int:
    if not isinstance(place, list):
        raise InvalidArgument(f"{where} is {place!r}, which has no key {name}")
    if not name.isdecimal() or int(name) >= len(place):
        raise InvalidArgument(
            f"{where} is a list of {len(place)}, which has no entry {name}; the first is 0"
        )
    return int(name)


def parse_value(text: str, key: str) -> Any:
    """The value that `text` writes for `key`: text itself, where nothing else is allowed, else
    None, True or False in PaddleX's forms, a number, a list or mapping of YAML, or text."""
    field = known_fields().get(key)
    if field is not None and takes_text_alone(field):
        return None if takes_none(field) and text in ("None", "null") else text
    return _plain(text)


def _plain(text: str) -> Any:
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _NUMBER.fullmatch(text):
        return float(text) if re.search(r"[.eE]", text) else int(text)
    if text.startswith(("[", "{", "'", '"')):
        try:
            return yaml.safe_load(text)
        except yaml.YAMLError:
            return text
    return text
