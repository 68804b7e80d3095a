"""Dense tensors, stage by stage, each stage fed with Paddle's own tensors."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from parity.models import OPENED, STAGE_TOLERANCE, Model
from parity.photos import PHOTOS
from parity.program_formats import FORMATS, ProgramFormat
from parity.records import write_record
from parity.reference import Reference
from parity.stage import openvino_runner, worst_difference


@pytest.mark.parity
@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("model", OPENED, ids=lambda m: m.name)
def test_every_stage_makes_paddles_tensors_of_paddles_tensors(
    reference: Callable[[Model, ProgramFormat], Reference],
    model: Model,
    program_format: ProgramFormat,
) -> None:
    paddle = reference(model, program_format)
    differences: dict[str, dict[str, dict[str, float]]] = {photo.name: {} for photo in PHOTOS}
    for stage in paddle.stages:
        run = openvino_runner(paddle.program, stage)
        for photo, found in differences.items():
            tensors = paddle.tensors(photo, stage)
            results = run(tensors)
            found[stage.name] = {
                meaning: worst_difference(results[name], tensors[name])
                for meaning, name in stage.outputs.items()
            }
    for photo, found in differences.items():
        write_record("stages", model.name, program_format.name, photo, found)
    assert {
        (photo, stage, meaning): worst
        for photo, stages in differences.items()
        for stage, tensors in stages.items()
        for meaning, worst in tensors.items()
        if not worst <= STAGE_TOLERANCE
    } == {}
