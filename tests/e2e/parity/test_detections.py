"""The user's path, a file and an official folder, against Paddle on the same folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

import pytest
from parity.instances import Instances
from parity.models import EXCUSED_PART, MODELS, Model, comparison_threshold
from parity.pairing import compare
from parity.photos import Photo
from parity.program_formats import FORMATS, ProgramFormat
from parity.records import write_record
from parity.reference import Reference
from parity.workplace import workplace

import instseg

# Fewer instances would show little.
LEAST_ROWS = 5


@lru_cache(maxsize=1)
def predictor(folder: Path) -> instseg.Predictor:
    return instseg.Predictor(folder, num_threads=2, cache_dir=workplace() / "cache")


@pytest.mark.parity
@pytest.mark.parametrize(
    ("model", "program_format", "photo"),
    [
        pytest.param(
            model, program_format, photo, id=f"{model.name}-{program_format.name}-{photo.name}"
        )
        for model in MODELS
        if model.detections
        for program_format in FORMATS
        for photo in model.family.photos
    ],
)
def test_instances_are_those_of_paddle(
    reference: Callable[[Model, ProgramFormat], Reference],
    model: Model,
    program_format: ProgramFormat,
    photo: Photo,
) -> None:
    paddle = reference(model, program_format)
    file = paddle.photos[photo.name].file
    everything = paddle.instances(photo.name, 0.0)
    threshold = comparison_threshold(everything.scores.tolist())
    result = predictor(paddle.folder.path).predict(file, threshold=threshold)
    actual = Instances.of_result(result)
    expected = paddle.instances(photo.name, threshold)
    assert model.detections is not None
    comparison = compare(expected, actual, threshold, model.detections)
    if comparison.faults and model.family.undetermined is not None:
        excused = model.family.undetermined(paddle, photo.name, expected, actual)
        comparison = compare(expected, actual, threshold, model.detections, excused)
        assert len(excused) <= 1 + EXCUSED_PART * len(expected)
    figures = {"threshold": threshold, **asdict(comparison)}
    write_record("detections", model.name, program_format.name, photo.name, figures)
    assert comparison.faults == ()
    assert comparison.rows >= LEAST_ROWS
