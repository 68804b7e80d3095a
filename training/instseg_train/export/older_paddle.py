"""Programs of newer Paddle, written as Paddle 3.0 wrote them: it and every later version read that.

`inference.json` says by which version of its schema it is written. Paddle reads older ones than its
own, bringing attributes to their present types, and no newer ones.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

SCHEMA_OF_PADDLE_3_0 = 1
# Operator and attribute -> the type that its numbers had then.
_TYPES = {
    ("pool2d", "strides"): "a_i32",
    ("pool2d", "paddings"): "a_i32",
    ("bilinear_interp", "scale"): "a_f32",
    ("nearest_interp", "scale"): "a_f32",
    ("group_norm", "epsilon"): "a_f32",
}


def write_as_paddle_3_0(file: Path) -> None:
    """Rewrites an `inference.json` in place."""
    content = json.loads(file.read_text(encoding="utf-8"))
    for operator in _operators(content["program"]["regions"]):
        name = operator["#"].partition(".")[2]
        for attribute in operator.get("A") or ():
            if isinstance(attribute, dict) and (name, attribute.get("N")) in _TYPES:
                _retype(attribute["AT"], _TYPES[name, attribute["N"]])
    content["base_code"]["version"] = SCHEMA_OF_PADDLE_3_0
    text = json.dumps(content, separators=(",", ":"), ensure_ascii=False)
    file.write_text(text, encoding="utf-8")


def _operators(regions: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Those within branches too."""
    for region in regions:
        for block in region["blocks"]:
            for operator in block["ops"]:
                yield operator
                yield from _operators(operator.get("regions") or [])


def _retype(value: dict[str, Any], kind: str) -> None:
    """`#` is DIALECT.TYPE; an array holds values."""
    dialect, _, own = value["#"].partition(".")
    if own == "a_array":
        for item in value["D"]:
            _retype(item, kind)
    else:
        value["#"] = f"{dialect}.{kind}"
