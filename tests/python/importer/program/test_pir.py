"""PIR programs: what both spellings of a number give, and what damaged ones are answered."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pir_builder import DType, Float32, PirProgram

from instseg.errors import ModelError
from instseg.importer.ir.graph import Graph
from instseg.importer.program.pir import read_pir

Document = dict[str, Any]


def small_program(version: int = 4, single: bool = False) -> PirProgram:
    """x * 0.1 + w, clipped; attributes in float32 where `single`, else in float64."""
    number = Float32 if single else lambda value: float(np.float32(value))
    p = PirProgram(version)
    x = p.data("x", [-1, 3])
    w = p.parameter("w", np.arange(3, dtype=np.float32))
    factor = p.op(
        "full",
        [],
        [("float32", [1])],
        {"shape": [1], "value": number(0.1), "dtype": DType("float32")},
    )
    scaled = p.op("scale", [x, factor], attrs={"bias": number(0.3), "bias_after_scale": True})
    p.fetch(p.op("add", [scaled, w]))
    return p


def read(folder: Path, document: Document | str, program: PirProgram | None = None) -> Graph:
    (program or small_program()).write(folder)
    text = document if isinstance(document, str) else json.dumps(document)
    (folder / "inference.json").write_text(text)
    return read_pir(folder / "inference.json", folder / "inference.pdiparams")


def spelled(graph: Graph) -> list[Any]:
    return [(node.op, [v and v.name for v in node.inputs], node.attrs) for node in graph.nodes]


@pytest.mark.parametrize("version", [1, 2, 3, 4])
def test_float32_and_float64_attributes_give_the_same_graph(version: int, tmp_path: Path) -> None:
    double = small_program(version)
    single = small_program(version, single=True)
    a = read(tmp_path / "a", double.document(), double)
    b = read(tmp_path / "b", single.document(), single)
    assert spelled(a) == spelled(b)
    assert [node.op for node in a.nodes] == ["full", "scale", "add"]
    assert list(a.outputs) == ["fetch_0"]


def change(*path: Any, to: Any) -> Callable[[Document], None]:
    """Replaces what lies at `path`; REMOVED takes it out."""

    def apply(document: Document) -> None:
        target: Any = document
        for key in path[:-1]:
            target = target[key]
        if to is REMOVED:
            del target[path[-1]]
        else:
            target[path[-1]] = to

    return apply


REMOVED = object()
OPS = ("program", "regions", 0, "blocks", 0, "ops")
# Operators of small_program: 0 data, 1 parameter, 2 full, 3 scale, 4 add, 5 fetch.
BROKEN: dict[str, tuple[Callable[[Document], None], str]] = {
    "no header": (change("base_code", to=REMOVED), "is not a PIR program"),
    "another format": (change("base_code", "magic", to="onnx"), "'onnx' version 4; supported"),
    "a newer version": (change("base_code", "version", to=5), "version 5; supported is 'pir'"),
    "version is true": (change("base_code", "version", to=True), "version True; supported"),
    "version is a list": (change("base_code", "version", to=[4]), r"version \[4\]; supported"),
    "no program": (change("program", to=REMOVED), "is not a PIR program"),
    "program is a text": (change("program", to="x"), "is not a PIR program"),
    "no regions": (change("program", "regions", to=[]), "is not a PIR program"),
    "ops is an object": (change(*OPS, to={}), "'ops' is not a list of objects"),
    "an operator is a number": (change(*OPS, 2, to=7), "'ops' is not a list of objects"),
    "no operators": (change(*OPS, to=[]), "follow after the 0 parameters"),
    "an operator without name": (change(*OPS, 3, "#", to=REMOVED), "operator 3 has no valid name"),
    "an operator named by a list": (change(*OPS, 3, "#", to=[]), "operator 3 has no valid name"),
    "no inputs": (change(*OPS, 3, "I", to=REMOVED), r"operator 3 \(1.scale\): 'I' is missing"),
    "an input without number": (change(*OPS, 3, "I", 0, to={}), "no value number"),
    "an input number is a text": (change(*OPS, 3, "I", 0, "%", to="1"), "no value number"),
    "an undefined input": (
        change(*OPS, 3, "I", 0, "%", to=99),
        r"operator 3 \(1.scale\): input %99 is not defined before its use",
    ),
    "an operator that reads its own result": (
        change(*OPS, 3, "I", 0, "%", to=4),
        "input %4 is not defined before its use",
    ),
    "a value defined twice": (change(*OPS, 3, "O", 0, "%", to=1), "%1 is defined twice"),
    "no outputs": (change(*OPS, 3, "O", to=[]), "has no output"),
    "outputs are an object": (change(*OPS, 3, "O", to={}), "'O' is missing or damaged"),
    "an output type without shape": (change(*OPS, 3, "O", 0, "TT", "D", to=[1]), "damaged tensor"),
    "a shape that is a text": (change(*OPS, 3, "O", 0, "TT", "D", 1, to="ab"), "damaged tensor"),
    "a fractional size": (change(*OPS, 3, "O", 0, "TT", "D", 1, to=[1.5]), "is not valid"),
    "a size below -1": (change(*OPS, 3, "O", 0, "TT", "D", 1, to=[-2]), "is not valid"),
    "a size of terabytes": (change(*OPS, 3, "O", 0, "TT", "D", 1, to=[1 << 45]), "is not valid"),
    "ten axes": (change(*OPS, 3, "O", 0, "TT", "D", 1, to=[1] * 10), "is not valid"),
    "attributes are a text": (change(*OPS, 3, "A", to="x"), "'A' is missing or damaged"),
    "an attribute without name": (change(*OPS, 3, "A", 0, "N", to=REMOVED), "damaged attribute"),
    "an attribute without type": (change(*OPS, 3, "A", 0, "AT", to=5), "damaged"),
    "a number that is a text": (change(*OPS, 3, "A", 0, "AT", "D", to="0.3"), "is not of type a_f"),
    "a number that is true": (change(*OPS, 3, "A", 0, "AT", "D", to=True), "is not of type a_f"),
    "a flag that is a number": (change(*OPS, 3, "A", 1, "AT", "D", to=1), "is not of type a_bool"),
    "a special number unknown": (change(*OPS, 3, "A", 0, "AT", "VD", to="HUGE"), "is not a number"),
    "a special number nested": (change(*OPS, 3, "A", 0, "AT", "VD", to=[[]]), "is not a number"),
    "an array that is none": (
        change(*OPS, 2, "A", 0, "AT", to={"#": "0.a_array", "D": 3}),
        "damaged list",
    ),
    "an integer array of texts": (
        change(*OPS, 2, "A", 0, "AT", to={"#": "1.a_intarray", "D": ["1"]}),
        "is not a list of integers",
    ),
    "a parameter without name": (change(*OPS, 1, "A", to=[0, 1, 1]), "has no valid name"),
    "a parameter named half a surrogate pair": (
        change(*OPS, 1, "A", 3, to="\ud800"),
        "has no valid name",
    ),
    "a parameter with a giant name": (change(*OPS, 1, "A", 3, to="n" * 5000), "has no valid name"),
    "a parameter of open size": (change(*OPS, 1, "O", "TT", "D", 1, to=[-1]), "no fixed type"),
    "a parameter of unknown type": (
        change(*OPS, 1, "O", "TT", "D", 0, to={"#": "1.t_c64"}),
        "no fixed type",
    ),
    "a parameter without number": (change(*OPS, 1, "O", "%", to=REMOVED), "no value number"),
    "an input without name": (change(*OPS, 0, "A", to=[]), "input has no valid name"),
    "a fetch without column": (change(*OPS, 5, "A", to=[]), "'col' is missing"),
    "a fetch of nothing": (change(*OPS, 5, "I", to=[]), "one input expected, 0 given"),
    "no fetch": (change(*OPS, 5, to=REMOVED), "no output"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_program_is_refused(name: str, tmp_path: Path) -> None:
    document = small_program().document()
    apply, message = BROKEN[name]
    apply(document)
    with pytest.raises(ModelError, match=message) as caught:
        read(tmp_path, document)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


def test_column_fetched_twice_is_refused(tmp_path: Path) -> None:
    program = small_program()
    document = program.document()
    operators = document["program"]["regions"][0]["blocks"][0]["ops"]
    with pytest.raises(ModelError, match="column 0 is fetched twice"):
        read(tmp_path, {**document, "unused": operators.append(operators[-1])})


def test_parameter_declared_twice_is_refused(tmp_path: Path) -> None:
    document = small_program().document()
    operators = document["program"]["regions"][0]["blocks"][0]["ops"]
    operators.append(operators[1])
    with pytest.raises(ModelError, match="'w' is declared twice"):
        read(tmp_path, document)


@pytest.mark.parametrize("text", ["", "[", "{", "null", "7", '"base_code"', "[]", "{}", "\ud800"])
def test_other_content_is_refused(text: str, tmp_path: Path) -> None:
    small_program().write(tmp_path)
    (tmp_path / "inference.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(ModelError, match=r"inference\.json"):
        read_pir(tmp_path / "inference.json", tmp_path / "inference.pdiparams")


def test_truncated_anywhere_is_refused(tmp_path: Path) -> None:
    program = small_program()
    text = json.dumps(program.document())
    for length in range(0, len(text), 97):
        with pytest.raises(ModelError):
            read(tmp_path, text[:length])


NESTED = "[" * 200_000, '{"a":' * 200_000, "[" * 900 + "]" * 900


@pytest.mark.parametrize("nested", NESTED, ids=["lists", "objects", "just parsable"])
@pytest.mark.parametrize("place", ["document", "type", "attribute", "attribute kind", "shape"])
def test_deep_nesting_is_refused_or_ignored(nested: str, place: str, tmp_path: Path) -> None:
    """What the JSON parser survives must not exhaust the stack afterwards."""
    document = small_program().document()
    scale = document["program"]["regions"][0]["blocks"][0]["ops"][3]
    match place:
        case "document":
            document["base_code"]["magic"] = "HERE"
        case "type":
            scale["O"][0]["TT"]["#"] = "HERE"
        case "attribute":
            scale["A"][0]["AT"]["D"] = "HERE"
        case "attribute kind":
            scale["A"][0]["AT"] = {"#": "1.a_place", "D": "HERE"}
        case "shape":
            scale["O"][0]["TT"]["D"][1] = "HERE"
    text = json.dumps(document).replace('"HERE"', nested)
    if nested is NESTED[2] and place in ("type", "attribute kind"):
        assert len(repr(read(tmp_path, text).nodes[1].attrs)) < 1000
        return
    with pytest.raises(ModelError) as caught:
        read(tmp_path, text)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


def test_nested_attribute_lists_are_refused(tmp_path: Path) -> None:
    document = small_program().document()
    value: dict[str, Any] = {"#": "0.a_f32", "D": 1.0}
    for _ in range(20):
        value = {"#": "0.a_array", "D": [value]}
    document["program"]["regions"][0]["blocks"][0]["ops"][3]["A"][0]["AT"] = value
    with pytest.raises(ModelError, match="nested too deeply"):
        read(tmp_path, document)


def test_list_that_many_operators_read_is_refused(tmp_path: Path) -> None:
    """Each reader would copy the list: 4 MB of JSON, a terabyte of references."""
    p = PirProgram()
    x = p.data("x", [1])
    many = p.combine([x] * 20_000)
    for _ in range(30):
        last = p.op("add_n", [many], [("float32", [1])])
    p.fetch(last)
    with pytest.raises(ModelError, match="more than 400000 operands in all"):
        read(tmp_path, p.document(), p)


def test_too_many_operators_are_refused(tmp_path: Path) -> None:
    operators = ",".join(["{}"] * 100_001)
    head = '{"base_code":{"magic":"pir","version":1},"program":{"regions":[{"blocks":[{"ops":['
    with pytest.raises(ModelError, match="100001 operators; at most 100000"):
        read(tmp_path, head + operators + "]}]}]}}")


def test_too_large_file_is_refused(tmp_path: Path) -> None:
    small_program().write(tmp_path)
    with (tmp_path / "inference.json").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ModelError, match="larger than the 16777216 bytes"):
        read_pir(tmp_path / "inference.json", tmp_path / "inference.pdiparams")


def test_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"nowhere\.json"):
        read_pir(tmp_path / "nowhere.json", tmp_path / "inference.pdiparams")
