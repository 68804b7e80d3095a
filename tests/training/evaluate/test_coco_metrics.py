"""COCO's metrics, from results of the SDK."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from made_results import result_of
from pycocotools import mask as coco_mask

from instseg import Result
from instseg.errors import ImageError, InvalidArgument
from instseg_train.evaluate.coco_metrics import METRIC_NAMES, CocoMetrics

HEIGHT, WIDTH = 90, 120
# Category ids with gaps, not in order: class 0 is the smallest id.
CATEGORIES = [{"id": 7, "name": "round"}, {"id": 3, "name": "square"}]


def plane(top: int, left: int, height: int, width: int) -> np.ndarray:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[top : top + height, left : left + width] = 1
    return mask


def result(entries: list[tuple[int, float, np.ndarray]]) -> Result:
    return result_of(entries, (HEIGHT, WIDTH))


@pytest.fixture
def annotation_file(tmp_path: Path) -> Path:
    """Image 1: one square, one round; image 2: one square; image 5: nothing."""
    truth = [
        (1, 3, plane(10, 10, 40, 40)),
        (1, 7, plane(50, 60, 30, 50)),
        (2, 3, plane(0, 0, 50, 50)),
    ]
    annotations = []
    for number, (image_id, category_id, mask) in enumerate(truth, 1):
        encoded = coco_mask.encode(np.asfortranarray(mask))
        annotations.append(
            {
                "id": number,
                "image_id": image_id,
                "category_id": category_id,
                "bbox": coco_mask.toBbox(encoded).tolist(),
                "area": int(mask.sum()),
                "iscrowd": 0,
                "segmentation": {"size": [HEIGHT, WIDTH], "counts": encoded["counts"].decode()},
            }
        )
    images = [
        {"id": i, "file_name": f"{i}.jpg", "height": HEIGHT, "width": WIDTH} for i in (1, 2, 5)
    ]
    file = tmp_path / "instance_val.json"
    content = {"images": images, "annotations": annotations, "categories": CATEGORIES}
    file.write_text(json.dumps(content))
    return file


def test_perfect_results_score_one(annotation_file: Path) -> None:
    metrics = CocoMetrics(annotation_file)
    assert metrics.images == {1: "1.jpg", 2: "2.jpg", 5: "5.jpg"}
    assert metrics.category_ids == [3, 7]
    found = [(0, 0.9, plane(10, 10, 40, 40)), (1, 0.8, plane(50, 60, 30, 50))]
    metrics.add(1, result(found))
    metrics.add(2, result([(0, 0.7, plane(0, 0, 50, 50))]))
    metrics.add(5, result([]))
    for kind in ("bbox", "segm"):
        scores = metrics.scores(kind)
        assert list(scores.metrics) == list(METRIC_NAMES)
        assert scores.metrics["AP"] == pytest.approx(1.0)
        assert scores.per_class == pytest.approx({"square": 1.0, "round": 1.0})
        assert math.isnan(scores.metrics["APs"])


def test_average_precision_by_hand(annotation_file: Path) -> None:
    """The square of image 1 is found with IoU 36 / 40, right for 9 of the 10 limits; the other
    square not at all. Half the recall at full precision: 51 of COCO's 101 points."""
    metrics = CocoMetrics(annotation_file)
    metrics.add(1, result([(0, 0.9, plane(10, 10, 36, 40))]))
    metrics.add(2, result([]))
    scores = metrics.scores("segm")
    assert scores.per_class["square"] == pytest.approx(0.9 * 51 / 101)
    assert scores.per_class["round"] == 0.0
    assert scores.metrics["AP"] == pytest.approx(0.45 * 51 / 101)


def test_nothing_found_scores_zero(annotation_file: Path) -> None:
    metrics = CocoMetrics(annotation_file)
    metrics.add(1, result([]))
    scores = metrics.scores("segm")
    assert scores.metrics["AP"] == 0.0
    assert scores.per_class == {"square": 0.0, "round": 0.0}


def test_bad_input_is_an_error(annotation_file: Path, tmp_path: Path) -> None:
    metrics = CocoMetrics(annotation_file)
    with pytest.raises(InvalidArgument, match="have no image 4"):
        metrics.add(4, result([]))
    with pytest.raises(InvalidArgument, match="image 1 failed: cut off"):
        metrics.add(1, Result.failed(ImageError("cut off"), None, "image"))
    with pytest.raises(InvalidArgument, match="no annotation file"):
        CocoMetrics(tmp_path / "none.json")
    (tmp_path / "list.json").write_text("[]")
    with pytest.raises(InvalidArgument, match="no COCO annotation file"):
        CocoMetrics(tmp_path / "list.json")
