"""Every family on trained weights: the tiny models of `trained/`, which `trained/make.py` taught.

Trained weights do not amplify rounding as generated ones do: the tolerance is the strict one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from parity.instances import Instances
from parity.pairing import DetectionTolerance, compare
from pycocotools import mask as coco_mask

from instseg import Predictor
from instseg_train.evaluate import evaluate_folder

TRAINED = Path(__file__).resolve().parent / "trained"
PICTURES = TRAINED / "pictures"
FAMILIES = ["cascade_mask_rcnn", "mask_rcnn", "mask_rtdetr", "ppyoloe_seg", "solov2"]
STRICT = DetectionTolerance(score=2e-3, box_px=0.5, iou_min=0.99, iou_median=0.99)
# Above the least recorded score, so that no row is missing beside it.
THRESHOLD = 0.12


def recorded(family: str) -> dict[str, list[dict[str, Any]]]:
    """File name -> what Paddle found in it, as COCO result entries."""
    content: dict[str, list[dict[str, Any]]] = json.loads(
        (TRAINED / family / "detections.json").read_text()
    )
    return content


def instances(entries: list[dict[str, Any]]) -> Instances:
    entries = [entry for entry in entries if entry["score"] > THRESHOLD]
    x, y, w, h = np.array([entry["bbox"] for entry in entries], np.float32).reshape(-1, 4).T
    return Instances(
        class_ids=np.array([entry["category_id"] for entry in entries], np.int64),
        scores=np.array([entry["score"] for entry in entries], np.float32),
        boxes=np.stack([x, y, x + w, y + h], axis=1),
        masks=np.stack([coco_mask.decode(e["segmentation"]) for e in entries]).astype(bool),
    )


def faults(family: str, engine: str) -> dict[str, tuple[str, ...]]:
    """What the engine finds otherwise than recorded, by file name."""
    predictor = Predictor(TRAINED / family, engine=engine)
    found = {}
    for name, entries in recorded(family).items():
        result = predictor.predict(
            PICTURES / "images" / name, threshold=THRESHOLD, max_detections=100, clip_masks=False
        )
        apart = compare(instances(entries), Instances.of_result(result), THRESHOLD, STRICT)
        assert apart.rows >= 2
        found[name] = apart.faults
    return found


@pytest.mark.parametrize("family", FAMILIES)
def test_the_sdk_finds_what_paddle_found(family: str) -> None:
    found = faults(family, "auto")
    assert len(found) == 8
    assert {name: fault for name, fault in found.items() if fault} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_paddle_finds_what_is_recorded_of_it(family: str) -> None:
    pytest.importorskip("paddle.inference", reason="paddlepaddle is not installed (extra paddle)")
    found = faults(family, "paddle")
    assert {name: fault for name, fault in found.items() if fault} == {}


@pytest.mark.parametrize("family", FAMILIES)
def test_the_pictures_were_learnt(family: str) -> None:
    scores = evaluate_folder(TRAINED / family, PICTURES, split="train")
    assert scores["segm"].metrics["AP"] > 0.8
    assert scores["bbox"].metrics["AP"] > 0.8


@pytest.mark.parametrize("family", FAMILIES)
def test_folders_are_small(family: str) -> None:
    assert sum(file.stat().st_size for file in (TRAINED / family).iterdir()) < 1_000_000
