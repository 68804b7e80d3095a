"""The SDK's post-processing alone, fed with Paddle's own tensors."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict

import numpy as np
import pytest
from parity.models import OPENED, Model
from parity.pairing import compare, pair
from parity.photos import PHOTOS, Photo
from parity.program_formats import FORMATS, ProgramFormat
from parity.records import write_record
from parity.reference import Reference

# Every row that the program returns.
THRESHOLD = 0.0


@pytest.mark.parity
@pytest.mark.parametrize("photo", PHOTOS, ids=lambda photo: photo.name)
@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize("model", OPENED, ids=lambda m: m.name)
def test_boxes_and_masks_are_paddles(
    reference: Callable[[Model, ProgramFormat], Reference],
    model: Model,
    program_format: ProgramFormat,
    photo: Photo,
) -> None:
    paddle = reference(model, program_format)
    seen = paddle.photos[photo.name]
    tensors = [seen.outputs[name] for name in paddle.dense.values]
    figures, faults = {}, []
    for kind, clip_masks in (("clipped", True), ("whole", False)):
        expected = paddle.instances(photo.name, THRESHOLD, clip_masks=clip_masks)
        height, width = expected.masks.shape[1:]
        actual = paddle.dense.run(tensors, (height, width), THRESHOLD, clip_masks)
        tolerance = model.family.inside.postprocessing
        comparison = compare(expected, actual, THRESHOLD, tolerance)
        pairs = pair(expected, actual, tolerance)
        equal = sum(np.array_equal(expected.masks[i], actual.masks[j]) for i, j in pairs)
        figures[kind] = {**asdict(comparison), "equal": equal}
        faults += [f"{kind}: {fault}" for fault in comparison.faults]
        if comparison.unpaired:
            faults.append(f"{kind}: {comparison.unpaired} rows without a counterpart")
    write_record("post-processing", model.name, program_format.name, photo.name, figures)
    assert faults == []
