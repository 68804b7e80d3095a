"""Dense tensors up to the first selection, all at once from PaddleX's input on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from parity.models import OPENED, STAGE_TOLERANCE, WITNESS_FACTOR, Model
from parity.photos import PHOTOS
from parity.program_formats import FORMATS, ProgramFormat
from parity.records import write_record
from parity.reference import Reference
from parity.stage import onnxruntime_runner, openvino_runner, worst_difference


@pytest.mark.parity
@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("model", OPENED, ids=lambda m: m.name)
def test_tensors_from_the_image_on_are_paddles(
    reference: Callable[[Model, ProgramFormat], Reference],
    model: Model,
    program_format: ProgramFormat,
) -> None:
    """Where rounding grows beyond the tolerance, a third engine shows that it is rounding: Paddle
    is as far from that one as from ours."""
    paddle = reference(model, program_format)
    stage = model.family.inside.whole(paddle.stages)
    run, witness = (make(paddle.program, stage) for make in (openvino_runner, onnxruntime_runner))
    too_far = {}
    for photo in PHOTOS:
        tensors = paddle.tensors(photo.name, stage)
        results, others = run(tensors), witness(tensors)
        figures = {
            meaning: {
                "ours": worst_difference(results[name], tensors[name]),
                "witness": worst_difference(others[name], tensors[name]),
                "apart": worst_difference(results[name], others[name]),
            }
            for meaning, name in stage.outputs.items()
        }
        write_record("encoder", model.name, program_format.name, photo.name, figures)
        for meaning, figure in figures.items():
            limit = STAGE_TOLERANCE
            if model.detections is None:
                limit = max(limit, WITNESS_FACTOR * figure["witness"])
            if not figure["ours"] <= limit:
                too_far[photo.name, meaning] = figure
    assert too_far == {}
