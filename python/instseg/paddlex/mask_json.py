"""JSON with masks as nested lists of 0 and 1, fast.

The standard encoder with an indent visits every pixel in Python: seconds for a large mask. Here a
row of pixels is one `str.join`; the text is the same, byte for byte.
"""

import json
from collections.abc import Iterable, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

JsonIndent: TypeAlias = int | str | None


def json_with_masks(
    data: dict[str, Any],
    key: str,
    masks: Sequence[NDArray[np.uint8]],
    *,
    indent: JsonIndent = None,
    ensure_ascii: bool = False,
) -> str:
    """`json.dumps` of `data` with `masks`, uint8 [h, w] of 0 and 1, as nested lists at `key`.

    key  of `data` itself; its value there is replaced
    """
    lists = _list(
        (_list((_row(row, 3, indent) for row in mask), 2, indent) for mask in masks), 1, indent
    )
    before, after = {}, {}
    passed = False
    for name, value in data.items():
        if name == key:
            passed = True
        elif passed:
            after[name] = value
        else:
            before[name] = value
    entries = [
        *_entries(before, indent, ensure_ascii),
        f"{json.dumps(key, ensure_ascii=ensure_ascii)}: {lists}",
        *_entries(after, indent, ensure_ascii),
    ]
    start, between, end = _brackets(0, indent)
    return "{" + start + between.join(entries) + end + "}"


def _entries(data: dict[str, Any], indent: JsonIndent, ensure_ascii: bool) -> list[str]:
    """Each `"name": value` as it stands inside an object."""
    out = []
    for name, value in data.items():
        text = json.dumps({name: value}, indent=indent, ensure_ascii=ensure_ascii)
        start, _, end = _brackets(0, indent)
        out.append(text[1 + len(start) : len(text) - 1 - len(end)])
    return out


def _row(row: NDArray[np.uint8], level: int, indent: JsonIndent) -> str:
    return _list((row + np.uint8(ord("0"))).tobytes().decode("ascii"), level, indent)


def _list(items: Iterable[str], level: int, indent: JsonIndent) -> str:
    """level: how deep the list lies; 0 is the outermost value."""
    start, between, end = _brackets(level, indent)
    content = between.join(items)
    return f"[{start}{content}{end}]" if content else "[]"


def _brackets(level: int, indent: JsonIndent) -> tuple[str, str, str]:
    """What stands after an opening bracket, between items, and before the closing bracket."""
    if indent is None:
        return "", ", ", ""
    step = indent if isinstance(indent, str) else " " * indent
    inner = "\n" + step * (level + 1)
    return inner, "," + inner, "\n" + step * level
