"""Programs in the schema of Paddle 3.0."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from instseg_train.export.older_paddle import write_as_paddle_3_0


def number(kind: str, value: float) -> dict[str, Any]:
    return {"#": f"0.{kind}", "D": value}


def operator(name: str, attribute: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"#": f"1.{name}", "A": [{"N": attribute, "AT": value}]}


def test_types_are_those_of_paddle_3_0_within_branches_too(tmp_path: Path) -> None:
    pool = operator(
        "pool2d", "strides", {"#": "0.a_array", "D": [number("a_i64", 2), number("a_i64", 3)]}
    )
    norm = operator("group_norm", "epsilon", number("a_f64", 1e-5))
    full = operator("full", "value", number("a_f64", 0.1))
    branch = {"#": "1.if", "A": [], "regions": [{"blocks": [{"ops": [norm, full]}]}]}
    parameter = {"#": "p", "A": [0, 1, 1, "größe"]}
    content = {
        "base_code": {"magic": "pir", "version": 4},
        "program": {"regions": [{"blocks": [{"ops": [parameter, pool, branch]}]}]},
    }
    file = tmp_path / "inference.json"
    file.write_text(json.dumps(content), encoding="utf-8")

    write_as_paddle_3_0(file)

    found = json.loads(file.read_text(encoding="utf-8"))
    assert found["base_code"] == {"magic": "pir", "version": 1}
    [first, second, third] = found["program"]["regions"][0]["blocks"][0]["ops"]
    assert first == parameter
    assert second["A"][0]["AT"]["D"] == [number("a_i32", 2), number("a_i32", 3)]
    [inner, untouched] = third["regions"][0]["blocks"][0]["ops"]
    assert inner["A"][0]["AT"] == number("a_f32", 1e-5)
    assert untouched == full
