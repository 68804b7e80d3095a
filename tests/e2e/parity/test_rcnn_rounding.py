"""What counts as decided by rounding with Mask R-CNN, and the third engine that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from parity.instances import Instances
from parity.models import DETECTIONS, WITNESS_FACTOR
from parity.paddlex_steps import network_inputs, read_image
from parity.pairing import compare
from parity.rcnn_rounding import rows_within_rounding
from parity.rcnn_witness import RcnnWitness
from PIL import Image
from tiny_mask_rcnn import TinyMaskRcnn

import instseg
from instseg.importer import import_model


def instances(scores: list[float], shifts: list[float], pixels: list[int]) -> Instances:
    """One class each; boxes moved to the right by `shifts`; the first `pixels` of 20 set."""
    boxes = np.array([[10 * i + s, 0, 10 * i + 9 + s, 8] for i, s in enumerate(shifts)], np.float32)
    masks = np.zeros((len(scores), 4, 5), bool)
    for mask, count in zip(masks, pixels, strict=True):
        mask.ravel()[:count] = True
    ids = np.arange(len(scores), dtype=np.int32)
    return Instances(ids, np.array(scores, np.float32), boxes, masks)


PADDLE = instances([0.9, 0.5, 0.4], [0, 0, 0], [20, 10, 5])
RUNS = [
    instances([0.9, 0.501, 0.4], [0, 0, 0], [20, 10, 4]),
    instances([0.9, 0.499, 0.4], [0, 0.1, 0], [20, 10, 5]),
    instances([0.9, 0.502, 0.4], [0, 0.3, 0], [20, 10, 4]),
]
"""The second instance's score moves by 0.002 and its box by 0.3 px, the third's mask by 1 of 5."""


def excused(actual: Instances) -> list[int]:
    return rows_within_rounding(PADDLE, actual, RUNS, DETECTIONS, WITNESS_FACTOR)


def test_rows_within_the_tolerance_need_no_excuse() -> None:
    assert excused(PADDLE) == []


@pytest.mark.parametrize(
    ("score", "shift", "pixels", "found"),
    [
        (0.5055, 0.0, 5, [1]),  # 3 x 0.002
        (0.507, 0.0, 5, []),
        (0.5, 0.85, 5, [1]),
        (0.5, 0.95, 5, []),
        (0.5055, 0.95, 5, []),  # every figure counts
        (0.5, 0.0, 4, [2]),  # an IoU of 0.8, as in the witness
        (0.5, 0.0, 1, []),
        (0.5055, 0.0, 3, [1, 2]),
    ],
)
def test_rows_are_as_far_away_as_rounding_moves_them(
    score: float, shift: float, pixels: int, found: list[int]
) -> None:
    assert excused(instances([0.9, score, 0.4], [0, shift, 0], [20, 10, pixels])) == found


def test_what_rounding_leaves_in_place_is_never_excused() -> None:
    assert excused(instances([0.903, 0.5, 0.4], [0, 0, 0], [20, 10, 5])) == []
    assert excused(instances([0.9, 0.5, 0.4], [0.6, 0, 0], [20, 10, 5])) == []
    assert excused(instances([0.9, 0.5, 0.4], [0, 0, 0], [18, 10, 5])) == []


def test_an_instance_that_the_witness_does_not_see_is_not_excused() -> None:
    unseen = [replace(run, class_ids=np.array([0, 7, 2], np.int32)) for run in RUNS]
    actual = instances([0.9, 0.5055, 0.4], [0, 0, 0], [20, 10, 5])
    assert rows_within_rounding(PADDLE, actual, unseen, DETECTIONS, WITNESS_FACTOR) == []


@pytest.mark.parametrize("levels", [1, 2])
def test_the_witness_finds_what_the_sdk_finds(levels: int, tmp_path: Path) -> None:
    model = TinyMaskRcnn(levels=levels)
    model.write(tmp_path / "official")
    import_model(tmp_path / "official", tmp_path / "network")
    pixels = np.random.default_rng(4).integers(0, 256, (50, 70, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    result = instseg.Predictor(tmp_path / "network").predict(tmp_path / "photo.png", threshold=0.2)
    ours = Instances.of_result(result)
    assert len(ours) > 3
    inputs = network_inputs(read_image(tmp_path / "photo.png"), tmp_path / "official/inference.yml")
    unmoved = RcnnWitness(tmp_path / "network").instances(inputs, (50, 70), 0.2)
    exact = replace(DETECTIONS, score=1e-5, box_px=1e-3)
    assert compare(ours, unmoved, 0.2, exact).faults == ()
    moved = RcnnWitness(tmp_path / "network", noise=1).instances(inputs, (50, 70), 0.2)
    comparison = compare(unmoved, moved, 0.2, exact)
    assert comparison.faults == ()
    assert comparison.score > 0
