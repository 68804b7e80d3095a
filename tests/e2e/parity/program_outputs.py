"""Gives a Paddle program further outputs, so that Paddle itself shows its intermediate tensors.

Values are named as the importer names them: `%1384` in `inference.json`, a variable's name in
`inference.pdmodel`. The new outputs carry these names and follow the old ones.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from legacy_builder import attribute, field, slot

from instseg.importer.program.protobuf_wire import LENGTH_DELIMITED, as_bytes, fields

PROGRAM_BLOCKS, BLOCK_OPERATORS = 1, 4
"""Field numbers in Paddle's framework.proto."""


def with_outputs(program: Path, names: Sequence[str]) -> bytes:
    """The file's content with one `fetch` operator more per name. Raises KeyError, ValueError."""
    content = program.read_bytes()
    return (_pir if program.suffix == ".json" else _legacy)(content, names)


def _pir(content: bytes, names: Sequence[str]) -> bytes:
    document = json.loads(content)
    operators: list[dict[str, Any]] = document["program"]["regions"][0]["blocks"][0]["ops"]
    types = {result["%"]: result["TT"] for op in operators for result in _results(op)}
    fetches = [op for op in operators if op["#"].endswith(".fetch")]
    next_value = max(types) + 1
    for position, name in enumerate(names):
        number = int(name.removeprefix("%"))
        fetch = copy.deepcopy(fetches[0])
        for attr in fetch["A"]:
            if attr["N"] == "name":
                attr["AT"]["D"] = name
            elif attr["N"] == "col":
                attr["AT"]["D"] = len(fetches) + position
        fetch["I"] = [{"%": number}]
        fetch["O"] = [{"%": next_value + position, "TT": types[number]}]
        operators.append(fetch)
    return json.dumps(document, separators=(",", ":")).encode()


def _results(op: dict[str, Any]) -> list[dict[str, Any]]:
    """The values that an operator makes; `p` (a parameter) has one, not in a list."""
    results = op["O"] if isinstance(op["O"], list) else [op["O"]]
    return [result for result in results if "TT" in result]


def _legacy(content: bytes, names: Sequence[str]) -> bytes:
    """Appends to the main block, which is the first; the other fields stay as they are."""
    repeated = [name for name in names if "@" in name]
    if repeated:
        raise ValueError(f"variables that are overwritten later cannot be fetched: {repeated}")
    program, done = b"", False
    for number, wire_type, payload in fields(memoryview(content)):
        if number == PROGRAM_BLOCKS and not done:
            block = as_bytes(payload)
            operators = [as_bytes(p) for n, _, p in fields(block) if n == BLOCK_OPERATORS]
            column = sum(_is_fetch(operator) for operator in operators)
            added = b"".join(
                field(BLOCK_OPERATORS, _fetch(name, column + position))
                for position, name in enumerate(names)
            )
            program += field(PROGRAM_BLOCKS, bytes(block) + added)
            done = True
        else:
            value = payload if wire_type != LENGTH_DELIMITED else bytes(as_bytes(payload))
            program += field(number, value)
    return program


def _is_fetch(operator: memoryview) -> bool:
    return any(number == 3 and bytes(as_bytes(p)) == b"fetch" for number, _, p in fields(operator))


def _fetch(variable: str, column: int) -> bytes:
    return (
        field(1, slot("X", [variable]))
        + field(2, slot("Out", ["fetch"]))
        + field(3, "fetch")
        + field(4, attribute("col", column))
    )
