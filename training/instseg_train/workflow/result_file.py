"""`OUTPUT/MODE_result.json`: how a run ended."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instseg.atomic_file import atomic_file


def result_path(output: Path, mode: str) -> Path:
    return output / f"{mode}_result.json"


def write_result(output: Path, mode: str, content: Mapping[str, Any]) -> Path:
    """`content`, with done_flag true unless it says otherwise; makes the folder. Raises OSError."""
    return _write(output, mode, {"done_flag": True, **content})


def write_failure(output: Path, mode: str, error: BaseException) -> Path:
    """done_flag false, err_type and err_msg, as PaddleX has them. Raises OSError."""
    content = {"done_flag": False, "err_type": str(type(error)), "err_msg": str(error)}
    return _write(output, mode, content)


def _write(output: Path, mode: str, content: Mapping[str, Any]) -> Path:
    output.mkdir(parents=True, exist_ok=True)
    text = json.dumps(_plain(content), indent=2, ensure_ascii=False, allow_nan=False)
    path = result_path(output, mode)
    with atomic_file(path) as file:
        file.write(text.encode(errors="surrogateescape") + b"\n")
    return path


def _plain(value: Any) -> Any:
    """JSON has no NaN: what could not be measured is null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
