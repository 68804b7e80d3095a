"""Whatever happens to a byte of a model's files, an import ends well or in a ModelError.

Warnings are errors here, so that none of them may leave the importer either.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from legacy_builder import LegacyProgram
from tiny_mask_rtdetr import TinyMaskRtdetr

from instseg.errors import ModelError
from instseg.importer import (
    import_model,
    optimise,
    propagate,
    read_program,
    understand,
    verify_network_folder,
    write_onnx,
)

TOKENS = [
    b"-1", b"0", b"1", b"2", b"9999999999", b"1e999", b"NaN", b"null", b"true", b'""', b"[]", b"{}",
    b'"\\ud800"', b"4294967296", b"-9223372036854775808", b'"float32"', b'"t_i64"', b"0.5",
]  # fmt: skip
"""What a JSON program may have in the place of a number or a word."""


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("whole")
    TinyMaskRtdetr().write(folder)
    import_model(folder, folder / "network")
    return folder


def refusal(action: Callable[[], object]) -> str | None:
    """The message of the ModelError, where there is one; other exceptions pass."""
    try:
        action()
    except ModelError as error:
        return str(error)
    return None


def import_changed(whole: Path, folder: Path, name: str, content: bytes) -> bool:
    """Whether the import succeeds when the file `name` has this content."""
    folder.mkdir(exist_ok=True)
    for file in ("inference.json", "inference.pdiparams", "inference.yml"):
        (folder / file).write_bytes(content if file == name else (whole / file).read_bytes())
    target = folder / "network"
    message = refusal(lambda: import_model(folder, target, overwrite=True))
    if message is not None:
        assert 0 < len(message) < 3000
        assert not target.exists()
        return False
    verify_network_folder(target)
    for file in target.iterdir():
        file.unlink()
    target.rmdir()
    return True


@pytest.mark.parametrize("seed", range(4))
def test_changed_word_of_the_program(seed: int, whole: Path, tmp_path: Path) -> None:
    """Replaces one number or word of the JSON by another one."""
    content = (whole / "inference.json").read_bytes()
    choose = random.Random(seed)
    outcomes = set()
    for _ in range(60):
        start = choose.randrange(len(content))
        begin = max(content.rfind(mark, 0, start) for mark in (b" ", b"[", b"{", b":")) + 1
        end = min(
            (at for mark in (b",", b"]", b"}", b":") if (at := content.find(mark, begin)) > 0),
            default=begin,
        )
        changed = content[:begin] + choose.choice(TOKENS) + content[end:]
        outcomes.add(import_changed(whole, tmp_path, "inference.json", changed))
    assert False in outcomes


FILES = ("inference.json", "inference.pdiparams", "inference.yml")


@settings(
    max_examples=120,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    name=st.sampled_from(FILES),
    place=st.floats(0, 1, exclude_max=True),
    value=st.integers(0, 255),
    kind=st.sampled_from(["replace", "insert", "delete", "cut", "repeat"]),
)
def test_changed_byte(
    whole: Path, tmp_path: Path, name: str, place: float, value: int, kind: str
) -> None:
    content = (whole / name).read_bytes()
    at, new = int(place * len(content)), bytes([value])
    changed = {
        "replace": content[:at] + new + content[at + 1 :],
        "insert": content[:at] + new + content[at:],
        "delete": content[:at] + content[at + 1 :],
        "cut": content[:at],
        "repeat": content[:at] + content[at // 2 : at] + content[at:],
    }[kind]
    import_changed(whole, tmp_path, name, changed)


def legacy_program() -> LegacyProgram:
    """A little of each: convolution, batch norm, pooling, constants, joins, selection."""
    p = LegacyProgram()
    x = p.feed("x", [-1, 3, 8, 8])
    w = p.parameter("w", np.ones((4, 3, 3, 3), np.float32))
    statistics = {
        slot: [p.parameter(slot, np.ones(4, np.float32))]
        for slot in ("Mean", "Variance", "Scale", "Bias")
    }
    conv = {"strides": [1, 1], "paddings": [1, 1], "dilations": [1, 1], "groups": 1}
    a = p.result("conv2d", {"Input": [x], "Filter": [w]}, "a", [-1, 4, 8, 8], conv, output="Output")
    b = p.result("batch_norm", {"X": [a], **statistics}, "b", [-1, 4, 8, 8], output="Y")
    pool = {"ksize": [2, 2], "strides": [2, 2], "paddings": [0, 0], "pooling_type": "max"}
    c = p.result("pool2d", {"X": [b]}, "c", [-1, 4, 4, 4], pool)
    d = p.result("fill_constant", {}, "d", [1], {"shape": [1], "value": 2.0})
    e = p.result("elementwise_mul", {"X": [c], "Y": [d]}, "e", [-1, 4, 4, 4], {"axis": -1})
    f = p.result("concat", {"X": [e, c]}, "f", [-1, 8, 4, 4], {"axis": 1})
    flat = {"start_axis": 1, "stop_axis": 3}
    g = p.result("flatten_contiguous_range", {"X": [f]}, "g", [-1, 128], flat)
    cut = {"axes": [1], "starts": [2], "ends": [50], "decrease_axis": []}
    h = p.result("slice", {"Input": [g]}, "h", [-1, 48], cut)
    p.fetch(p.result("reshape2", {"X": [h]}, "i", [-1, 6, 8], {"shape": [-1, 6, 8]}))
    return p


@pytest.mark.parametrize("seed", range(4))
def test_changed_byte_of_a_legacy_program(seed: int, tmp_path: Path) -> None:
    """As far as the ONNX file: the cut is the same for both formats."""
    legacy_program().write(tmp_path)
    program, parameters = tmp_path / "inference.pdmodel", tmp_path / "inference.pdiparams"

    def lower() -> None:
        graph = propagate(read_program(program, parameters))
        write_onnx(optimise(understand(graph)), tmp_path / "network.onnx")

    lower()
    content = program.read_bytes()
    choose = random.Random(seed)
    outcomes = set()
    for _ in range(120):
        at = choose.randrange(len(content))
        value = choose.choice([0, 1, 0x7F, 0x80, 0xFF, content[at] ^ 1, choose.randrange(256)])
        program.write_bytes(content[:at] + bytes([value]) + content[at + 1 :])
        message = refusal(lower)
        assert message is None or 0 < len(message) < 3000
        outcomes.add(message is None)
    assert outcomes == {True, False}
