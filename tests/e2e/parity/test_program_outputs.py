"""Programs with further outputs, read again by the importer; and Paddle's own word on them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from legacy_builder import LegacyProgram
from parity.models import MODELS, Model
from parity.paddle_run import paddle_outputs
from parity.program_formats import FORMATS, PIR, ProgramFormat
from parity.program_outputs import with_outputs
from parity.reference import Reference
from parity.workplace import workplace
from pir_builder import PirProgram

from instseg.importer import read_program


def pir_program(folder: Path) -> tuple[Path, str, str]:
    """abs(exp(x)) is fetched; returns the program and the names of exp(x) and abs(exp(x))."""
    program = PirProgram()
    x = program.data("x", [-1, 4])
    middle = program.op("exp", [x])
    last = program.op("abs", [middle])
    program.fetch(last)
    return program.write(folder) / "inference.json", f"%{middle}", f"%{last}"


def legacy_program(folder: Path) -> tuple[Path, str, str]:
    program = LegacyProgram()
    x = program.feed("x", [-1, 4])
    middle = program.result("exp", {"X": [x]}, "middle", [-1, 4])
    last = program.result("abs", {"X": [middle]}, "last", [-1, 4])
    program.fetch(last)
    return program.write(folder) / "inference.pdmodel", middle, last


@pytest.mark.parametrize("make", [pir_program, legacy_program])
def test_further_outputs_follow_the_old_ones(
    make: Callable[[Path], tuple[Path, str, str]], tmp_path: Path
) -> None:
    file, middle, last = make(tmp_path / "before")
    before = read_program(file, file.parent / "inference.pdiparams")
    assert {key: value.name for key, value in before.outputs.items()} == {"fetch_0": last}
    changed = tmp_path / file.name
    changed.write_bytes(with_outputs(file, [middle, last]))
    after = read_program(changed, file.parent / "inference.pdiparams")
    assert {key: value.name for key, value in after.outputs.items()} == {
        "fetch_0": last,
        "fetch_1": middle,
        "fetch_2": last,
    }
    assert [node.op for node in after.nodes] == [node.op for node in before.nodes]


def test_an_overwritten_variable_cannot_be_shown(tmp_path: Path) -> None:
    file, _, _ = legacy_program(tmp_path)
    with pytest.raises(ValueError, match="middle@1"):
        with_outputs(file, ["middle@1"])


@pytest.mark.parity
@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
def test_further_outputs_change_nothing_in_paddle(
    reference: Callable[[Model, ProgramFormat], Reference], program_format: ProgramFormat
) -> None:
    """The smallest photo, the smallest model: rows and masks of the program as it is."""
    paddle = reference(MODELS[0], program_format)
    photo, seen = next(iter(paddle.photos.items()))
    [plain] = paddle_outputs(
        paddle.folder,
        program_format,
        [seen.inputs],
        graph_optimisation=program_format == PIR or paddle.model.family.legacy_graph_optimisation,
        workplace=workplace(),
    )
    expected = paddle.model.family.instances(plain, plain.names(), 0.0)
    actual = paddle.instances(photo, 0.0)
    assert len(expected) > 0
    for field in ("class_ids", "scores", "boxes", "masks"):
        np.testing.assert_array_equal(getattr(actual, field), getattr(expected, field))
