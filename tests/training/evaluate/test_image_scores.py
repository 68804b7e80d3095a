"""What counts as found, missed and false in an image."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_results import result_of
from pycocotools import mask as coco_mask

from instseg_train.evaluate.coco_metrics import CocoMetrics
from instseg_train.evaluate.image_scores import ImageScore, score_images

SIZE = (90, 120)
COIN, CELL = 0, 1  # categories 1 and 2


def plane(top: int, left: int, side: int = 30) -> np.ndarray:
    mask = np.zeros(SIZE, np.uint8)
    mask[top : top + side, left : left + side] = 1
    return mask


def annotated(image_id: int, class_id: int, mask: np.ndarray, crowd: int = 0) -> dict[str, Any]:
    encoded = coco_mask.encode(np.asfortranarray(mask))
    return {
        "image_id": image_id,
        "category_id": class_id + 1,
        "iscrowd": crowd,
        "segmentation": {"size": list(SIZE), "counts": encoded["counts"].decode()},
    }


def scored(
    folder: Path,
    truth: list[dict[str, Any]],
    found: dict[int, list[tuple[int, float, np.ndarray]]],
    threshold: float = 0.5,
) -> list[ImageScore]:
    content = {
        "images": [
            {"id": i, "file_name": f"{i}.jpg", "height": SIZE[0], "width": SIZE[1]} for i in found
        ],
        "categories": [{"id": 1, "name": "coin"}, {"id": 2, "name": "cell"}],
        "annotations": truth,
    }
    (folder / "a.json").write_text(json.dumps(content))
    metrics = CocoMetrics(folder / "a.json")
    for image_id, entries in found.items():
        metrics.add(image_id, result_of(entries, SIZE))
    matches = metrics.scores("segm").matches
    return score_images(metrics.truth, metrics.detections, matches, metrics.seen, threshold)


def test_finds_misses_and_false_finds(tmp_path: Path) -> None:
    truth = [
        annotated(1, COIN, plane(0, 0)),
        annotated(1, COIN, plane(0, 60)),
        annotated(1, CELL, plane(50, 0)),
    ]
    found = [
        (COIN, 0.95, plane(2, 0)),  # 0: right
        (COIN, 0.9, plane(0, 1)),  # 1: the same coin again, though better placed
        (CELL, 0.8, plane(0, 60)),  # 2: a coin for a cell
        (CELL, 0.3, plane(50, 0)),  # 3: right, but too unsure
    ]
    (score,) = scored(tmp_path, truth, {1: found})
    assert (score.right, score.false) == ((0,), (1, 2))
    assert (score.hit, score.missed) == ((0,), (1, 2))
    assert score.f1 == pytest.approx(2 / (2 + 2 + 2))
    (lower,) = scored(tmp_path, truth, {1: found}, threshold=0.25)
    assert (lower.right, lower.missed) == ((0, 3), (1,))


def test_half_the_union_decides(tmp_path: Path) -> None:
    truth = [annotated(1, COIN, plane(0, 0))]
    (close,) = scored(tmp_path, truth, {1: [(COIN, 0.9, plane(0, 10))]})  # IoU 20 / 40
    (far,) = scored(tmp_path, truth, {1: [(COIN, 0.9, plane(0, 11))]})
    assert (close.f1, far.f1) == (1.0, 0.0)


def test_crowds_and_what_lies_in_them_do_not_count(tmp_path: Path) -> None:
    truth = [annotated(1, COIN, plane(0, 0, 80), crowd=1), annotated(1, CELL, plane(0, 85))]
    found = [
        (COIN, 0.9, plane(5, 5)),
        (COIN, 0.8, plane(40, 60)),  # two thirds of it
        (COIN, 0.7, plane(40, 70)),  # one third: false
        (CELL, 0.6, plane(0, 85)),
    ]
    (score,) = scored(tmp_path, truth, {1: found})
    assert (score.right, score.false, score.missed, score.ignored) == ((3,), (2,), (), (0,))
    assert score.f1 == pytest.approx(2 / 3)


def test_the_worst_come_first(tmp_path: Path) -> None:
    truth = [annotated(i, COIN, plane(0, 0)) for i in (1, 2, 3, 4)] + [
        annotated(4, COIN, plane(0, 60))
    ]
    right = (COIN, 0.9, plane(0, 0))
    found = {
        1: [right],
        2: [],  # one miss
        3: [right, (COIN, 0.6, plane(50, 50))],
        4: [],  # two misses
        5: [],  # nothing to find
        6: [(COIN, 0.6, plane(50, 50))],  # nothing to find, one find
    }
    ranked = scored(tmp_path, truth, found)
    assert [score.image_id for score in ranked] == [4, 2, 6, 3, 1, 5]
    assert [score.f1 for score in ranked] == pytest.approx([0, 0, 0, 2 / 3, 1, 1])
