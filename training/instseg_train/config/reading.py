"""From a name or a file, and overrides, to a checked configuration; and back to text."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import yaml

from instseg.model_names import OFFICIAL_MODELS
from instseg_train.config.fields import is_section, known_fields
from instseg_train.config.mistakes import checked_config
from instseg_train.config.override import apply_override
from instseg_train.config.paddlex_keys import drop_ignored_keys
from instseg_train.config.schema import Config
from instseg_train.config.source import own_content, read_source


def read_config(name_or_path: str | os.PathLike[str], overrides: Sequence[str] = ()) -> Config:
    """The configuration of a run.

    name_or_path  an official name, a YAML file of PaddleX or of ours, or PaddleX's path of one
    overrides     "Train.epochs_iters=20" ..., each a key and the value that replaces it

    Keys that are given nowhere are the model's own. Raises InvalidArgument that lists all mistakes:
    unknown keys (with the nearest known), wrong values; no such file or name; OSError.
    """
    given = read_source(name_or_path)
    _drop_empty_sections(given)
    for override in overrides:
        apply_override(given, override)
    drop_ignored_keys(given)
    section = given.get("Global")
    model = section.get("model") if isinstance(section, dict) else None
    # An own file is complete: another model by override has that model's defaults.
    own = own_content(model) if model in OFFICIAL_MODELS else {}
    return checked_config(_merged(own, given), where=f"The configuration {os.fspath(name_or_path)}")


def dump_config(config: Config) -> str:
    """YAML with PaddleX's sections and keys; `read_config` reads it again as it was."""
    return yaml.safe_dump(config.content(), sort_keys=False, allow_unicode=True, width=200)


def _drop_empty_sections(content: dict[str, Any]) -> None:
    """`Train:` with nothing below is None in YAML; it means the defaults."""
    for key, field in known_fields().items():
        *outer, last = key.split(".")
        place: Any = content
        for name in outer:
            place = place.get(name) if isinstance(place, dict) else None
        if is_section(field) and isinstance(place, dict) and place.get(last, ...) is None:
            del place[last]


def _merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            value = _merged(below, value)
        merged[key] = value
    return merged
