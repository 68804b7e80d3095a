"""Reads JSON that may be anything: damaged, huge, hostile."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any, TypeGuard

from instseg_train.dataset_tools.problems import Kind, Problems

LARGEST_BYTES = 8 << 30
"""COCO's own training annotations take 0.45 GB."""

KINDS = {
    "file-missing": Kind(
        "error", "A file is missing", "put the file there, or correct the data set's folder"
    ),
    "file-unreadable": Kind("error", "A file cannot be read", "check its permissions and the disk"),
    "file-empty": Kind("error", "A file is empty", "write the file again; the copy has failed"),
    "json-encoding": Kind("error", "A JSON file is not UTF-8", "save it as UTF-8"),
    "json-syntax": Kind("error", "A file is not valid JSON", "correct that place, or export again"),
    "json-too-deep": Kind(
        "error", "JSON is nested too deeply", "export it again: annotations need a few levels only"
    ),
    "json-not-object": Kind(
        "error", "JSON of another layout", "the file's outermost value must be an object {...}"
    ),
}


def read_object(path: Path, name: str, problems: Problems) -> dict[str, Any] | None:
    """The object in a JSON file, None where there is none: then why is among `problems`.

    name: what problems call the file. NaN and Infinity are read, for the checks of values to tell
    where they stand.
    """
    try:
        if not path.is_file():
            kind = "is a folder, no file" if path.is_dir() else "does not exist"
            problems.add("file-missing", name, "", f"{path} {kind}")
            return None
        size = path.stat().st_size
        if size > LARGEST_BYTES:
            problems.add("file-unreadable", name, "", f"has {size} bytes, which is no annotation")
            return None
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        problems.add("file-unreadable", name, "", str(error))
        return None
    if not data.strip():
        problems.add("file-empty", name, "", f"has {len(data)} bytes and no content")
        return None
    try:
        content = json.loads(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        problems.add("json-encoding", name, f"byte {error.start}", f"{error.reason}")
        return None
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        problems.add("json-syntax", name, place, error.msg)
        return None
    except ValueError as error:  # an integer of thousands of digits
        problems.add("json-syntax", name, "", str(error))
        return None
    except RecursionError:
        problems.add("json-too-deep", name, "", "lists or objects lie hundreds of levels deep")
        return None
    except MemoryError:
        problems.add("file-unreadable", name, "", f"not enough memory for its {len(data)} bytes")
        return None
    if not isinstance(content, dict):
        message = f"it holds {type(content).__name__}, not an object"
        problems.add("json-not-object", name, "", message)
        return None
    return content


def is_id(value: object) -> TypeGuard[int]:
    """An integer of 63 bits; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 63


def is_name(value: object) -> TypeGuard[str]:
    """Text that is not blank, and can be written (JSON may hold halves of UTF-16 pairs)."""
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        return False
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True


def is_number(value: object) -> TypeGuard[float]:
    """Finite, and no bool."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    if isinstance(value, int):
        return value.bit_length() < 64
    return math.isfinite(value)
