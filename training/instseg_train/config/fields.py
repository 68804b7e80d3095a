"""The schema by dotted keys: which there are, and what their values may be."""

from __future__ import annotations

import types
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

import annotated_types as limits
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from instseg_train.config.schema import Config


@cache
def known_fields() -> dict[str, FieldInfo]:
    """Dotted key -> its field, sections among them, in the order of the schema."""
    return dict(_walk(Config, ""))


def _walk(section: type[BaseModel], prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    for name, field in section.model_fields.items():
        key = prefix + (field.alias or name)
        yield key, field
        if is_section(field):
            yield from _walk(cast(type[BaseModel], field.annotation), key + ".")


def is_section(field: FieldInfo) -> bool:
    return isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel)


def takes_text_alone(field: FieldInfo) -> bool:
    """Whether every value but None is text, so that `123` is meant as text too."""
    kinds = {_kind(part) for part, _ in _alternatives(field)} - {type(None)}
    return kinds <= {str, Literal}


def takes_none(field: FieldInfo) -> bool:
    return any(part is type(None) for part, _ in _alternatives(field))


def expectation(field: FieldInfo) -> str:
    """In words: "a whole number of at least 1"."""
    if is_section(field):
        return "keys and values"
    return ", or ".join(_words(part, known) for part, known in _alternatives(field))


def _alternatives(field: FieldInfo) -> list[tuple[Any, list[Any]]]:
    """(type, its limits) of each member of the union."""
    return list(_unfold(field.annotation, list(field.metadata)))


def _unfold(kind: Any, known: list[Any]) -> Iterator[tuple[Any, list[Any]]]:
    if get_origin(kind) is Annotated:
        inner, *more = get_args(kind)
        for one in more:
            known = known + (list(one.metadata) if isinstance(one, FieldInfo) else [one])
        yield from _unfold(inner, known)
    elif get_origin(kind) in (Union, types.UnionType):
        for part in get_args(kind):
            yield from _unfold(part, known)
    else:
        yield kind, known


def _kind(part: Any) -> Any:
    return get_origin(part) or part


def _words(part: Any, known: Sequence[Any]) -> str:
    kind = _kind(part)
    if part is type(None):
        return "None"
    if kind is Literal:
        return " or ".join(str(choice) for choice in get_args(part))
    if kind is tuple:
        entries = get_args(part)  # all alike
        [(_, inner)] = _unfold(entries[0], [])
        return f"a list of {len(entries)} whole numbers{_bounds(inner)}"
    if kind is list:
        return "a list of texts"
    names = {str: "a text", bool: "True or False", int: "a whole number", float: "a number"}
    return names[kind] + _bounds(known)


def _bounds(known: Sequence[Any]) -> str:
    words = []
    for one in known:
        if isinstance(one, limits.Ge):
            words.append(f"of at least {one.ge}")
        if isinstance(one, limits.Gt):
            words.append(f"above {one.gt}")
        if isinstance(one, limits.Le):
            words.append(f"of at most {one.le}")
        if isinstance(one, limits.Lt):
            words.append(f"below {one.lt}")
        if isinstance(one, limits.MinLen):
            words.append("that is not empty")
    return " " + " and ".join(words) if words else ""
