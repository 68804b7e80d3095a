"""The SDK's reference engine against PaddleX's steps around Paddle, which these tests have of
their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from filelock import FileLock
from parity.instances import Instances
from parity.models import MODELS, Model, comparison_threshold
from parity.official_folder import official_folder
from parity.paddle_environment import paddle_python
from parity.paddle_run import paddle_outputs
from parity.paddlex_steps import network_inputs as paddlex_inputs
from parity.paddlex_steps import read_image
from parity.photos import PHOTOS
from parity.program_formats import FORMATS, PIR, ProgramFormat
from parity.workplace import workplace

from instseg.importer.inference_config import read_inference_config
from instseg.reference.network_inputs import network_inputs

# Fewer instances would show little.
LEAST_ROWS = 5

RTDETR = """
- {type: Resize, target_size: [640, 640], keep_ratio: false, interp: 2}
- {type: NormalizeImage, is_scale: true, mean: [0, 0, 0], std: [1, 1, 1], norm_type: none}
- {type: Permute}
"""
SOLO = """
- {type: NormalizeImage, is_scale: true, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
- {type: Resize, target_size: [800, 1333], keep_ratio: true, interp: 1}
- {type: Permute}
- {type: PadStride, stride: 32}
"""
RCNN = """
- {type: Resize, target_size: [800, 1333], keep_ratio: true, interp: 2}
- {type: NormalizeImage, is_scale: true, mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225]}
- {type: Permute}
- {type: PadStride, stride: -1}
"""


@pytest.mark.parametrize("steps", [RTDETR, SOLO, RCNN], ids=["rtdetr", "solov2", "rcnn"])
@pytest.mark.parametrize(("height", "width"), [(640, 640), (75, 121), (333, 40), (60, 800)])
def test_inputs_are_those_of_paddlex(tmp_path: Path, steps: str, height: int, width: int) -> None:
    config = tmp_path / "inference.yml"
    config.write_text(f"arch: DETR\nlabel_list: [a]\nPreprocess:{steps}", encoding="utf-8")
    image = np.random.default_rng(height).integers(0, 256, (height, width, 3), np.uint8)
    expected = paddlex_inputs(image, config)
    rgb: Any = cv2.cvtColor(image, cv2.COLOR_BGR2RGB)
    actual = network_inputs(rgb, read_inference_config(config).preprocess)
    assert list(actual) == list(expected)
    for name, array in expected.items():
        assert (actual[name].dtype, actual[name].shape) == (np.float32, array.shape)
        np.testing.assert_array_equal(actual[name], array, err_msg=name)


@pytest.mark.parity
@pytest.mark.parametrize("program_format", FORMATS, ids=lambda f: f.name)
@pytest.mark.parametrize(
    "model", [m for m in MODELS if m.name in ("Mask-RT-DETR-S", "SOLOv2")], ids=lambda m: m.name
)
def test_results_are_those_of_paddlex(
    shared: Path, model: Model, program_format: ProgramFormat, tmp_path: Path
) -> None:
    """One engine, one program: the very same values. The smallest photo."""
    folder = official_folder(
        model.name, program_format, calm=True, shared=shared, made_in=workplace() / "official"
    )
    image = read_image(PHOTOS[0].file(workplace() / "photos"))
    [outputs] = paddle_outputs(
        folder,
        program_format,
        [paddlex_inputs(image, folder.config)],
        graph_optimisation=program_format == PIR or model.family.legacy_graph_optimisation,
        workplace=workplace(),
    )

    def rows(threshold: float, *, clip: bool = True) -> Instances:
        return model.family.instances(
            outputs, outputs.names(), threshold, image.shape[:2], clip_masks=clip
        )

    threshold = comparison_threshold(rows(0.0).scores.tolist())
    result = run_reference(folder.path, program_format, image, threshold, tmp_path)
    assert str(result["engine"]) == f"paddle {program_format.paddle}"
    for masks, clip in (("masks", True), ("whole_masks", False)):
        expected = rows(threshold, clip=clip)
        assert len(expected) >= LEAST_ROWS
        order = np.argsort(-expected.scores, kind="stable")
        np.testing.assert_array_equal(result["scores"], expected.scores[order])
        np.testing.assert_array_equal(result["class_ids"], expected.class_ids[order])
        if expected.boxes is not None:
            np.testing.assert_array_equal(result["boxes"], expected.boxes[order])
        np.testing.assert_array_equal(result[masks], expected.masks[order])


def run_reference(
    official: Path, program_format: ProgramFormat, image: Any, threshold: float, scratch: Path
) -> dict[str, Any]:
    python = paddle_python(program_format.paddle, workplace())
    [packages] = python.parents[1].glob("lib/python*/site-packages")
    np.save(scratch / "image.npy", image)
    job = {
        "packages": str(packages),
        "folder": str(official),
        "threshold": threshold,
        "image": str(scratch / "image.npy"),
        "result": str(scratch / "result.npz"),
    }
    (scratch / "job.json").write_text(json.dumps(job), encoding="utf-8")
    worker = Path(__file__).with_name("reference_worker.py")
    with FileLock(workplace() / "paddle.lock"):  # as every run of Paddle here
        done = subprocess.run(
            [sys.executable, str(worker), str(scratch / "job.json")],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": "2"},
        )
    assert done.returncode == 0, done.stdout[-3000:]
    with np.load(scratch / "result.npz") as stored:
        return dict(stored)
