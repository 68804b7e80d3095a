"""Legacy programs: read as PIR's twin, and what damaged ones are answered."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from legacy_builder import LegacyProgram, Scalars, attribute, field, slot
from pir_builder import PirProgram, varint
from run_network import run_program

from instseg.errors import ModelError
from instseg.importer import limits, propagate
from instseg.importer.ir.graph import Graph
from instseg.importer.lowering.onnx_file import write_onnx
from instseg.importer.program.legacy import read_legacy

W = np.linspace(-1, 1, 12, dtype=np.float32).reshape(3, 4)
X = np.random.default_rng(3).normal(size=(2, 3)).astype(np.float32)


def small_program() -> LegacyProgram:
    """relu(x @ w) * 0.1 + 0.3, in which `out` is written twice."""
    p = LegacyProgram()
    x, w = p.feed("x", [-1, 3]), p.parameter("w", W)
    out = p.result(
        "matmul_v2", {"X": [x], "Y": [w]}, "out", [-1, 4], {"trans_x": False, "trans_y": False}
    )
    p.op("relu", {"X": [out]}, {"Out": [out]})
    attrs = {"scale": 0.1, "bias": 0.3, "bias_after_scale": True}
    p.fetch(p.result("scale", {"X": [out]}, "scaled", [-1, 4], attrs))
    return p


def read(folder: Path, program: LegacyProgram, content: bytes | None = None) -> Graph:
    program.write(folder)
    if content is not None:
        (folder / "inference.pdmodel").write_bytes(content)
    return read_legacy(folder / "inference.pdmodel", folder / "inference.pdiparams")


def test_both_formats_give_the_same_numbers(tmp_path: Path) -> None:
    p = PirProgram()
    product = p.op("matmul", [p.data("x", [-1, 3]), p.parameter("w", W)])
    factor = p.full([1], float(np.float32(0.1)))
    attrs = {"bias": float(np.float32(0.3)), "bias_after_scale": True}
    p.fetch(p.op("scale", [p.op("relu", [product]), factor], attrs=attrs))
    [pir] = run_program(p.write(tmp_path / "pir"), {"x": X})
    [legacy] = run_program(small_program().write(tmp_path / "legacy"), {"x": X})
    np.testing.assert_array_equal(pir, legacy)
    np.testing.assert_allclose(pir, np.maximum(X @ W, 0) * 0.1 + 0.3, rtol=1e-6)


def test_overwritten_variables_get_versions(tmp_path: Path) -> None:
    graph = read(tmp_path, small_program())
    assert [node.output.name for node in graph.nodes] == ["out", "out@1", "scaled"]
    assert [value.name for value in graph.inputs] == ["x"]
    np.testing.assert_array_equal(graph.find("w").array(), W)


def test_operand_may_be_aligned_at_an_axis(tmp_path: Path) -> None:
    p = LegacyProgram()
    x = p.feed("x", [-1, 3, 2, 2])
    b = p.parameter("b", np.array([1, 2, 3], np.float32))
    added = p.result("elementwise_add", {"X": [x], "Y": [b]}, "y", [-1, 3, 2, 2], {"axis": 1})
    p.fetch(added)
    image = np.random.default_rng(1).normal(size=(1, 3, 2, 2)).astype(np.float32)
    [found] = run_program(p.write(tmp_path), {"x": image})
    expected = image + np.array([1, 2, 3], np.float32).reshape(3, 1, 1)
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("values", [Scalars([1.0, 2.0]), [1.0, 2.0]], ids=["scalars", "floats"])
def test_values_are_read_in_every_spelling(values: list[float], tmp_path: Path) -> None:
    p = LegacyProgram()
    name = "values" if isinstance(values, Scalars) else "fp32_values"
    x = p.feed("x", [-1, 2])
    given = p.result("assign_value", {}, "given", [2], {"shape": [2], name: values})
    p.fetch(p.result("elementwise_add", {"X": [x], "Y": [given]}, "y", [-1, 2]))
    [found] = run_program(p.write(tmp_path), {"x": np.zeros((1, 2), np.float32)})
    np.testing.assert_array_equal(found, [[1, 2]])


def test_target_may_be_a_list_of_tensors(tmp_path: Path) -> None:
    p = LegacyProgram()
    x = p.feed("x", [-1, 6])
    sizes = [
        p.result("fill_constant", {}, f"s{n}", [1], {"shape": [1], "value": v}, dtype="int32")
        for n, v in enumerate((-1.0, 2.0, 3.0))
    ]
    p.fetch(p.result("reshape2", {"X": [x], "ShapeTensor": sizes}, "y", [-1, 2, 3]))
    data = np.arange(12, dtype=np.float32).reshape(2, 6)
    [found] = run_program(p.write(tmp_path), {"x": data})
    np.testing.assert_array_equal(found, data.reshape(2, 2, 3))


def test_unknown_operator_is_named_with_its_place(tmp_path: Path) -> None:
    p = small_program()
    p.operators.pop()
    attrs = {"op_namescope": "/Head/Frob/"}
    p.fetch(p.result("frobnicate", {"X": ["out"]}, "odd", [-1, 4], attrs))
    graph = propagate(read(tmp_path, p))
    message = r"operator 'frobnicate' \(number 4 -> odd, in /Head/Frob/\): this operator is not"
    with pytest.raises(ModelError, match=message):
        write_onnx(graph, tmp_path / "n.onnx")


def test_control_flow_is_named(tmp_path: Path) -> None:
    p = small_program()
    p.operators.pop()
    p.variable("turned", [-1, 4])
    loop = field(2, slot("Out", ["turned"])) + field(3, "while")
    loop += field(4, field(1, "sub_block") + field(2, 8) + field(12, 1))
    p.operators.append(loop)
    p.fetch("turned")
    with pytest.raises(ModelError, match=r"operator 'while' .*: its block 1 does not exist"):
        write_onnx(propagate(read(tmp_path, p)), tmp_path / "n.onnx")


def replaced(operator: bytes) -> Callable[[LegacyProgram], None]:
    """Puts another operator in the place of `relu` (number 2)."""

    def apply(program: LegacyProgram) -> None:
        program.operators[2] = operator

    return apply


def operator(type_: str, x: list[str], out: list[str], attrs: bytes = b"") -> bytes:
    return field(1, slot("X", x)) + field(2, slot("Out", out)) + field(3, type_) + attrs


def fetched(column: object) -> Callable[[LegacyProgram], None]:
    def apply(program: LegacyProgram) -> None:
        attrs = field(4, attribute("col", column))
        program.operators[-1] = operator("fetch", ["scaled"], ["fetch"], attrs)

    return apply


BROKEN: dict[str, tuple[Callable[[LegacyProgram], None], str]] = {
    "an undefined variable": (
        replaced(operator("relu", ["nothing"], ["out"])),
        "operator 'relu' .number 2 -> out.: .*'nothing' is read before anything defines it",
    ),
    "a missing input": (replaced(operator("relu", [], ["out"])), "'relu' .* input 'X' is missing"),
    "a missing output": (replaced(operator("relu", ["out"], [])), "outputs .* are missing"),
    "a missing attribute": (replaced(operator("squeeze2", ["out"], ["out"])), "'axes' is missing"),
    "an attribute of another kind": (
        replaced(operator("split", ["out"], ["out"], field(4, attribute("sections", "abc")))),
        "operator 'split'",
    ),
    "a type that is a list": (
        replaced(operator("cast", ["out"], ["out"], field(4, attribute("out_dtype", [5])))),
        "operator 'cast'",
    ),
    "a column that is a text": (fetched("abc"), "operator 'fetch' .* is 'abc', not a whole number"),
    "a column that is a list": (fetched([1, 2]), "operator 'fetch' .* not a whole number"),
    "no fetch": (lambda p: p.operators.pop() and None, "no output"),
    "a fetch of nothing": (
        lambda p: p.operators.__setitem__(-1, operator("fetch", [], ["fetch"])),
        "operator 'fetch' .* input 'X' is missing",
    ),
    "two fetches of one column": (
        lambda p: p.operators.append(p.operators[-1]),
        "column 0 is fetched twice",
    ),
    "a feed without output": (
        lambda p: p.operators.__setitem__(0, operator("feed", ["feed"], [])),
        "operator 'feed' .* one output 'Out' expected, 0 given",
    ),
    "a parameter of open size": (
        lambda p: p.variable("w", [-1, 4], persistable=True) and None,
        "'w' has no fixed type and shape",
    ),
    "a parameter of petabytes": (
        lambda p: p.variable("w", [1 << 50], persistable=True) and None,
        "'w' has no fixed type and shape",
    ),
    "a variable of twelve axes": (
        lambda p: p.variable("y", [1] * 12) and None,
        "variable 'y' has 12 axes",
    ),
    "a name of a megabyte": (
        lambda p: p.operators.append(operator("n" * 1_000_000, ["out"], ["out"])),
        "a name of 1000000 bytes is not accepted",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_damaged_program_is_refused(name: str, tmp_path: Path) -> None:
    program = small_program()
    apply, message = BROKEN[name]
    apply(program)
    with pytest.raises(ModelError, match=message) as caught:
        read(tmp_path, program)
    assert len(str(caught.value)) < 1000 + len(str(tmp_path))


def test_truncated_anywhere_is_refused(tmp_path: Path) -> None:
    program = small_program()
    content = program.serialize()
    block_end = content.rindex(field(4, field(1, 0)))  # the version that follows may be missing
    for length in range(0, len(content), 7):
        if length != block_end:
            with pytest.raises(ModelError, match="no valid ProgramDesc"):
                read(tmp_path, program, content[:length])


@pytest.mark.parametrize(
    "content", [b"", b"{}", b"\x08\x01", field(1, b""), field(1, 5), b"\xff" * 100]
)
def test_other_content_is_refused(content: bytes, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"inference\.pdmodel is no valid ProgramDesc"):
        read(tmp_path, small_program(), content)


def test_messages_nested_without_end_are_harmless(tmp_path: Path) -> None:
    """Each part is only ever read as what the format says it is: depth cannot grow."""
    nested = b""
    for _ in range(2000):
        nested = field(1, nested)
    with pytest.raises(ModelError, match="no valid ProgramDesc"):
        read(tmp_path, small_program(), nested)


def test_operator_with_many_inputs_is_read_in_linear_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    p = small_program()
    p.operators.insert(3, operator("add_n", ["out"] * 20_000, ["out"]))
    began = time.process_time()
    graph = read(tmp_path, p)
    assert time.process_time() - began < 10  # an input after the other: far below a second
    assert len(graph.nodes[2].inputs) == 20_000
    monkeypatch.setattr(limits, "MAX_OPERANDS", 20_000)
    with pytest.raises(ModelError, match="more than 20000 operands"):
        read(tmp_path, p)


def test_too_many_numbers_for_a_shape_are_refused(tmp_path: Path) -> None:
    p = small_program()
    shape = field(1, slot("ShapeTensor", ["w"] * 100_000))
    p.operators[2] = operator("reshape2", ["out"], ["out"]) + shape
    with pytest.raises(ModelError, match="100000 numbers for 'shape'; at most 9"):
        read(tmp_path, p)


def test_too_many_operators_are_refused(tmp_path: Path) -> None:
    content = field(1, field(4, b"") * 100_001)
    with pytest.raises(ModelError, match="more than 100000 operators"):
        read(tmp_path, small_program(), content)


def test_length_of_exabytes_is_refused(tmp_path: Path) -> None:
    content = varint(1 << 3 | 2) + varint((1 << 63) - 1) + b"x"
    with pytest.raises(ModelError, match="claims 9223372036854775807 bytes"):
        read(tmp_path, small_program(), content)
