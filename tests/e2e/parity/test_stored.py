"""Against the shared data's stored numbers: PaddleDetection in dygraph mode, on its test image.

Needs no Paddle. The smallest model is part of `make test`, the others of `make parity`.
"""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from parity.instances import Instances
from parity.landmarks import Landmarks
from parity.models import OPENED, STAGE_TOLERANCE, Model
from parity.official_folder import OfficialFolder, official_folder
from parity.paddlex_steps import network_inputs
from parity.pairing import DetectionTolerance, box_difference, mask_iou, pair
from parity.program_formats import FORMATS, ProgramFormat
from parity.records import write_record
from parity.stage import openvino_runner
from parity.workplace import workplace
from pycocotools import mask as coco_mask

import instseg
from instseg.importer import propagate, read_program

SMALLEST = "Mask-RT-DETR-S"
HEIGHT, WIDTH = 480, 640


@pytest.fixture(scope="session")
def test_image(shared: Path) -> npt.NDArray[np.uint8]:
    """uint8 [480, 640, 3] RGB."""
    spec = importlib.util.spec_from_file_location("images", shared / "parity" / "images.py")
    assert spec is not None
    assert spec.loader is not None
    images = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(images)
    image: npt.NDArray[np.uint8] = images.image(HEIGHT, WIDTH, 0)
    return image


def stored_stages(file: Path) -> dict[str, dict[str, Any]]:
    """Stage -> shape, absmax, and some of its values: idx (flat) and val."""
    with np.load(file) as stored:
        ends = np.cumsum([count for _, _, _, count in json.loads(str(stored["stages"]))])
        stages = {}
        for place, (name, shape, _, count) in enumerate(json.loads(str(stored["stages"]))):
            part = slice(ends[place] - count, ends[place])
            stages[name] = {
                "shape": tuple(shape),
                "absmax": float(stored["stage_stats"][place, 2]),
                "idx": stored["stage_idx"][part],
                "val": stored["stage_val"][part],
            }
    return stages


def folder_of(
    model: str, program_format: ProgramFormat, shared: Path, *, calm: bool
) -> OfficialFolder:
    return official_folder(
        model, program_format, calm=calm, shared=shared, made_in=workplace() / "official"
    )


@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize(
    "model",
    [
        *(pytest.param(model, id=model.name) for model in OPENED if model.name == SMALLEST),
        *(pytest.param(model, id=f"{model.name}-", marks=pytest.mark.parity) for model in OPENED),
    ],
)
def test_dense_tensors_are_the_stored_ones(
    shared: Path,
    test_image: npt.NDArray[np.uint8],
    model: Model,
    program_format: ProgramFormat,
    request: pytest.FixtureRequest,
) -> None:
    """Up to the first selection; where rounding grows beyond the tolerance (see models.py), the
    first stage only. Calm weights differ behind that alone."""
    folder = folder_of(model.name, program_format, shared, calm=True)
    program = read_program(folder.program, folder.parameters)
    propagate(program)
    stages = model.family.inside.stages(program, Landmarks(program, folder.module_paths))
    stage = stages[0] if model.detections is None else model.family.inside.whole(stages)
    stored = stored_stages(shared / "parity" / "forward" / f"{model.name}.npz")
    inputs = network_inputs(np.ascontiguousarray(test_image[:, :, ::-1]), folder.config)
    found = stored["input.image"]
    np.testing.assert_array_equal(inputs["image"].ravel()[found["idx"]], found["val"])

    results = openvino_runner(program, stage)(inputs)
    differences = {}
    for meaning, name in stage.outputs.items():
        expected, actual = stored[meaning], results[name]
        assert actual.shape == expected["shape"], meaning
        worst = np.abs(actual.ravel()[expected["idx"]] - expected["val"]).max()
        differences[meaning] = float(worst) / expected["absmax"]
    if request.node.get_closest_marker("parity"):
        write_record("stored", model.name, program_format.name, "test image", differences)
    assert {m: worst for m, worst in differences.items() if not worst <= STAGE_TOLERANCE} == {}


@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
def test_predictor_finds_the_stored_instances(
    shared: Path,
    test_image: npt.NDArray[np.uint8],
    program_format: ProgramFormat,
    tmp_path: Path,
) -> None:
    """The weights are not calm: rounding moves detections. Paddle's own passes over the legacy
    program move them by the amounts in verify.json; twice that is allowed."""
    verified = json.loads((shared / "official" / "verify.json").read_text(encoding="utf-8"))
    moved = verified[SMALLEST]["old"]["score>0.5"]
    tolerance = DetectionTolerance(
        score=2 * moved["score_maxdiff"],
        box_px=2 * moved["box_maxdiff_px"],
        iou_min=1 - 2 * (1 - moved["mask_iou_min"]),
        iou_median=1.0,
    )
    with np.load(shared / "parity" / "forward" / f"{SMALLEST}.npz") as stored:
        kept = stored["kept"][stored["scores"][stored["kept"]] > 0.5]
        boxes = np.clip(stored["boxes"][kept], 0, [WIDTH, HEIGHT, WIDTH, HEIGHT])
        runs = [
            {"size": stored["size"].tolist(), "counts": text.encode()}
            for text in json.loads(str(stored["rle"]))
        ]
        masks = coco_mask.decode(runs).transpose(2, 0, 1).astype(bool)
        expected = Instances(stored["labels"][kept], stored["scores"][kept], boxes, masks)

    folder = folder_of(SMALLEST, program_format, shared, calm=False)
    predictor = instseg.Predictor(folder.path, num_threads=2, cache_dir=tmp_path)
    result = predictor.predict(test_image, color="rgb", threshold=0.5, clip_masks=False)
    actual = Instances.of_result(result)

    assert len(actual) == len(expected) == moved["ref"]
    pairs = pair(expected, actual, tolerance)
    assert len(pairs) == len(expected)
    for i, j in pairs:
        assert abs(expected.scores[i] - actual.scores[j]) <= tolerance.score
        assert box_difference(expected, actual, i, j) <= tolerance.box_px
        # The best rows have their masks stored, as many as fitted.
        if i < len(expected.masks):
            assert mask_iou(expected.masks[i], actual.masks[j]) >= tolerance.iou_min
