"""Where a configuration comes from: a file, or the ones of this package, one for each model."""

from __future__ import annotations

import os
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

from instseg.errors import InvalidArgument
from instseg.model_names import OFFICIAL_MODELS
from instseg_train.config.nearest import did_you_mean

# As in PaddleX's repository, of both its layouts; `configs/...` from inside it.
_PADDLEX_PATH = re.compile(
    r"(?:\./)?(?:paddlex/)?configs/(?:modules/)?instance_segmentation/([^/]+)\.ya?ml"
)
_NAME = re.compile(r"([^/\\]+?)(?:\.ya?ml)?")
MAX_BYTES = 1 << 20


def read_source(name_or_path: str | os.PathLike[str]) -> dict[str, Any]:
    """The content of a configuration, not yet checked; of an own one just its model, as defaults
    come from there in any case.

    name_or_path  an official name, with or without .yaml; a file; or the path that PaddleX's
                  repository has one of these at (where no such file exists)

    Raises InvalidArgument: neither of these; a file that is no YAML of keys and values; OSError.
    """
    text = os.fspath(name_or_path)
    if text in OFFICIAL_MODELS:
        return {"Global": {"model": text}}
    file = Path(text).expanduser()
    if file.is_file():
        return _read(file)
    match = _PADDLEX_PATH.fullmatch(text) or _NAME.fullmatch(text)
    if match and match[1] in OFFICIAL_MODELS:
        return {"Global": {"model": match[1]}}
    hint = did_you_mean(match[1] if match else file.stem, OFFICIAL_MODELS)
    raise InvalidArgument(
        f"The configuration {text!r} is neither a file nor the name of a model.{hint} The names "
        f"are {', '.join(OFFICIAL_MODELS)}."
    )


def own_content(name: str) -> dict[str, Any]:
    """Of this package's own file for a model."""
    file = files("instseg_train.config") / "models" / f"{name}.yaml"
    content: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    return content


def _read(file: Path) -> dict[str, Any]:
    if file.stat().st_size > MAX_BYTES:
        raise InvalidArgument(f"{file} is larger than a configuration can be ({MAX_BYTES} bytes).")
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidArgument(f"{file} is no YAML file: {error}.") from error
    if not isinstance(content, dict):
        raise InvalidArgument(
            f"{file} holds {type(content).__name__}; expected sections (Global, Train ...) with "
            "keys and values."
        )
    return content
