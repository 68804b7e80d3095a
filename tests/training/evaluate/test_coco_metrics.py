"""COCO's metrics, from results of the SDK."""

from __future__ import annotations

import contextlib
import io
import json
import math
from pathlib import Path

import numpy as np
import pytest
from made_results import result_of
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

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
    with pytest.raises(InvalidArgument, match=r"1.jpg is 120 x 91 pixels .* say 120 x 90"):
        metrics.add(1, result_of([], (HEIGHT + 1, WIDTH)))
    metrics.add(1, result([]))
    with pytest.raises(InvalidArgument, match="added before"):
        metrics.add(1, result([]))
    with pytest.raises(InvalidArgument, match="no annotation file"):
        CocoMetrics(tmp_path / "none.json")


def test_classes_of_the_model_in_another_order(annotation_file: Path) -> None:
    metrics = CocoMetrics(annotation_file)
    metrics.match_model(["round", "nothing like it", "square"])
    assert metrics.match.left_out == ("nothing like it",)
    found = [
        (2, 0.9, plane(10, 10, 40, 40)),
        (1, 0.85, plane(0, 0, 9, 9)),
        (0, 0.8, plane(50, 60, 30, 50)),
    ]
    metrics.add(1, result(found))
    assert metrics.scores("segm").per_class == pytest.approx({"square": 1.0, "round": 1.0})
    assert len(metrics.detections) == 2


def test_only_images_that_were_added_count(annotation_file: Path) -> None:
    metrics = CocoMetrics(annotation_file)
    metrics.add(2, result([(0, 0.7, plane(0, 0, 50, 50))]))
    scores = metrics.scores("segm")
    assert scores.metrics["AP"] == pytest.approx(1.0)
    assert math.isnan(scores.per_class["round"])
    assert math.isnan(scores.per_class_ap50["round"])
    assert scores.per_class_ap50["square"] == pytest.approx(1.0)


def random_case(folder: Path) -> tuple[Path, dict[int, list[tuple[int, float, np.ndarray]]]]:
    """20 images; objects of three classes, some crowds; finds near them and anywhere, and on one
    image more of a class than COCO looks at."""
    random = np.random.default_rng(5)
    annotations: list[dict[str, object]] = []
    found = {}
    for image_id in range(0, 100, 5):
        entries = []
        for _ in range(int(random.integers(0, 6))):
            top, left = (int(random.integers(0, side - 20)) for side in (HEIGHT, WIDTH))
            height, width = (int(side) for side in random.integers(5, 60, 2))
            mask, class_id = plane(top, left, height, width), int(random.integers(3))
            encoded = coco_mask.encode(np.asfortranarray(mask))
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": (3, 7, 11)[class_id],
                    "bbox": coco_mask.toBbox(encoded).tolist(),
                    "area": int(mask.sum()),
                    "iscrowd": int(random.random() < 0.2),
                    "segmentation": {
                        "size": [HEIGHT, WIDTH],
                        "counts": encoded["counts"].decode(),
                    },
                }
            )
            for _ in range(int(random.integers(0, 4))):
                moved = plane(top + int(random.integers(5)), left, height, width)
                entries.append((class_id, float(random.random()), moved))
        for _ in range(130 if image_id == 50 else int(random.integers(0, 9))):
            top, left = (int(random.integers(0, side - 5)) for side in (HEIGHT, WIDTH))
            entries.append((1, float(random.random()), plane(top, left, 20, 20)))
        found[image_id] = sorted(entries, key=lambda entry: -entry[1])
    content = {
        "images": [
            {"id": i, "file_name": f"{i}.jpg", "height": HEIGHT, "width": WIDTH} for i in found
        ],
        "annotations": annotations,
        "categories": [{"id": i, "name": f"class of id {i}"} for i in (11, 3, 7, 20)],
    }
    file = folder / "random.json"
    file.write_text(json.dumps(content))
    return file, found


def test_class_by_class_equals_all_at_once(tmp_path: Path) -> None:
    """COCOeval in one go, as its authors use it, is the twin."""
    file, found = random_case(tmp_path)
    metrics = CocoMetrics(file)
    for image_id, entries in found.items():
        metrics.add(image_id, result(entries))
    with contextlib.redirect_stdout(io.StringIO()):
        truth = COCO(str(file))
    for kind, key in (("bbox", "bbox"), ("segm", "segmentation")):
        entries = [
            {name: entry[name] for name in ("image_id", "category_id", "score", key)}
            for image_id, own in found.items()
            for entry in result(own).to_coco(image_id, [3, 7, 11])
        ]
        with contextlib.redirect_stdout(io.StringIO()):
            twin = COCOeval(truth, truth.loadRes(entries), kind)
            twin.evaluate()
            twin.accumulate()
            twin.summarize()
        scores = metrics.scores(kind)
        ours = [-1.0 if math.isnan(v) else v for v in scores.metrics.values()]
        assert 0.05 < ours[0] < 0.95
        assert ours == twin.stats.tolist()
        np.testing.assert_array_equal(scores.precision, twin.eval["precision"][:, :, :, 0, -1])
        assert math.isnan(scores.per_class["class of id 20"])
