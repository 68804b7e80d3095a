"""Pictures and files of an evaluation."""

from __future__ import annotations

import io
import json
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from instseg.class_colors import class_color
from instseg.errors import InvalidArgument
from instseg_train.evaluate import Evaluation, evaluate_folder, write_evaluation
from instseg_train.evaluate.coco_metrics import CocoScores
from instseg_train.evaluate.image_scores import ImageScore, score_images
from instseg_train.evaluate.precision_recall import plot_precision_recall
from instseg_train.evaluate.worst_picture import CROWD, FALSE, MISSED, RIGHT, draw_worst_picture

TRAINED = Path(__file__).resolve().parents[2] / "e2e" / "trained"


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Evaluation:
    """The model knows the pictures: wrong are a coin that no annotation mentions, and a cell that
    is annotated where there is none; a crowd lies over another picture's coin."""
    folder = tmp_path_factory.mktemp("data") / "data"
    shutil.copytree(TRAINED / "pictures", folder)
    content = json.loads((folder / "annotations" / "instance_train.json").read_text())
    entries = content["annotations"]
    first, second, third = (image["id"] for image in content["images"][:3])
    coin = next(e for e in entries if e["image_id"] == first and e["category_id"] == 1)
    entries.remove(coin)
    entries.append(
        {
            "image_id": second,
            "category_id": 2,
            "segmentation": [[0, 0, 9, 0, 9, 9, 0, 9]],
        }
    )
    next(e for e in entries if e["image_id"] == third)["iscrowd"] = 1
    (folder / "annotations" / "instance_val.json").write_text(json.dumps(content))
    return evaluate_folder(TRAINED / "mask_rcnn", folder)


def test_the_worst_images_are_written_worst_first(evaluation: Evaluation, tmp_path: Path) -> None:
    told: list[int] = []
    (tmp_path / "worst").mkdir()
    (tmp_path / "worst" / "009_older.png").touch()
    files = write_evaluation(tmp_path, evaluation, progress=told.append)
    assert files[0] == tmp_path / "pr_curves.png"
    names = sorted(file.name for file in (tmp_path / "worst").iterdir())
    assert [file.name for file in files[1:]] == names
    assert {name[3:] for name in names} == {"_train_00000.png", "_train_00001.png"}
    assert sum(told) == len(files) == 3
    for file in files:
        with Image.open(file) as picture:
            picture.load()


def test_how_many_are_written(evaluation: Evaluation, tmp_path: Path) -> None:
    assert len(write_evaluation(tmp_path / "new" / "one", evaluation, worst=1)) == 2
    assert len(write_evaluation(tmp_path, evaluation, worst=0)) == 1
    with pytest.raises(InvalidArgument, match="worst is -1"):
        write_evaluation(tmp_path, evaluation, worst=-1)


def test_detections_are_a_coco_results_file(evaluation: Evaluation, tmp_path: Path) -> None:
    files = write_evaluation(tmp_path, evaluation, worst=0, detections=True)
    assert files[1] == tmp_path / "detections.json"
    entries = json.loads(files[1].read_text())
    assert len(entries) == len(evaluation.detections)
    assert {entry["category_id"] for entry in entries} == {1, 2}
    for entry in entries:
        mask = coco_mask.decode(entry["segmentation"])
        assert mask.shape == (192, 192)
        assert len(entry["bbox"]) == 4


def colors_in(picture: Image.Image) -> set[int]:
    """Statuses whose colour, as in a caption, or mixed with grey, as on an outline, is seen."""
    pixels = np.asarray(picture).reshape(-1, 3).astype(int)
    chroma = pixels - pixels.mean(axis=1, keepdims=True)
    seen = set()
    for status in (RIGHT, MISSED, FALSE, CROWD):
        wanted = np.array(class_color(status)) - np.mean(class_color(status))
        # 0.9: the opacity of outlines.
        if (np.abs(chroma - 0.9 * wanted).max(axis=1) < 3).sum() > 8:
            seen.add(status)
    return seen


def test_faults_have_colours_of_their_own(evaluation: Evaluation) -> None:
    ranked = score_images(
        evaluation.truth,
        evaluation.detections,
        evaluation["segm"].matches,
        evaluation.image_ids,
    )
    by_id = {score.image_id: score for score in ranked}
    seen = {}
    for image_id in list(evaluation.truth.images)[:4]:
        name = evaluation.truth.images[image_id].file_name
        with Image.open(evaluation.images_folder / name) as image:
            rgb = np.asarray(image.convert("RGB"))
        picture = draw_worst_picture(
            rgb,
            by_id[image_id],
            evaluation.truth,
            evaluation.detections,
            evaluation.class_labels,
            threshold=0.5,
        )
        # Without the title and captions.
        panels = picture.crop((0, 62, *picture.size))
        middle = panels.width // 2
        left = panels.crop((0, 0, middle, panels.height))
        right = panels.crop((middle, 0, *panels.size))
        seen[name] = colors_in(left), colors_in(right)
    assert seen == {
        "train_00000.jpg": ({RIGHT}, {RIGHT, FALSE}),
        "train_00001.jpg": ({RIGHT, MISSED}, {RIGHT}),
        "train_00002.jpg": ({RIGHT, CROWD}, {RIGHT}),
        "train_00003.jpg": ({RIGHT}, {RIGHT}),
    }


@pytest.mark.parametrize("size", [(1, 1), (3, 2000), (2000, 3)])
def test_odd_sizes_are_drawn(size: tuple[int, int], evaluation: Evaluation) -> None:
    nothing = ImageScore(1, (), (), (), (), ())
    rgb = np.zeros((*size, 3), np.uint8)
    picture = draw_worst_picture(
        rgb, nothing, evaluation.truth, evaluation.detections, {}, threshold=0.5
    )
    assert picture.width > 300  # the captions have room


@pytest.mark.parametrize("classes", [0, 1, 8, 30])
def test_curves_of_few_and_many_classes(classes: int) -> None:
    random = np.random.default_rng(0)
    precision = np.sort(random.random((10, 101, classes)), axis=1)[:, ::-1]
    names = [f"class {k}" for k in range(classes)]
    scores = CocoScores(
        metrics={},
        per_class={name: precision[:, :, k].mean() for k, name in enumerate(names)}
        | {"empty": math.nan},
        per_class_ap50={name: precision[0, :, k].mean() for k, name in enumerate(names)}
        | {"empty": math.nan},
        precision=np.concatenate([precision, -np.ones((10, 101, 1))], axis=2),
    )
    with Image.open(io.BytesIO(plot_precision_recall(scores, "title"))) as picture:
        assert picture.width > picture.height > 400
