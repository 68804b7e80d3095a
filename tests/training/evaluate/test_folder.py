"""A model folder on a data set: what counts, what fails, and what is refused."""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from instseg.errors import EngineError, ImageError, InvalidArgument
from instseg_train.evaluate import Evaluation, evaluate_folder

TRAINED = Path(__file__).resolve().parents[2] / "e2e" / "trained"
MODEL = TRAINED / "ppyoloe_seg"


@pytest.fixture
def dataset(tmp_path: Path) -> Path:
    """The eight pictures that the model was taught, as the split `val`."""
    folder = tmp_path / "data"
    shutil.copytree(TRAINED / "pictures", folder)
    shutil.move(
        folder / "annotations" / "instance_train.json", folder / "annotations" / "instance_val.json"
    )
    return folder


def changed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    file = folder / "annotations" / "instance_val.json"
    content = json.loads(file.read_text())
    change(content)
    file.write_text(json.dumps(content))


def figures(evaluation: Evaluation) -> dict[str, dict[str, float]]:
    return {kind: dict(scores.metrics) for kind, scores in evaluation.items()}


def test_progress_facts_and_scores(dataset: Path) -> None:
    told: list[int] = []
    evaluation = evaluate_folder(MODEL, dataset, progress=told.append)
    assert sum(told) == 8
    assert set(evaluation) == {"bbox", "segm"}
    assert evaluation["segm"].metrics["AP"] > 0.8
    assert len(evaluation.image_ids) == 8
    assert evaluation.failed == ()
    assert evaluation.run.model_name == "PP-YOLOE_seg-S"
    assert evaluation.run.model_folder == str(MODEL)
    assert (evaluation.run.device, evaluation.run.precision) == ("cpu", "fp32")
    assert evaluation.run.seconds_per_image > 0


def test_figures_do_not_depend_on_threads_and_streams(dataset: Path) -> None:
    one = evaluate_folder(MODEL, dataset, num_threads=1, num_streams=1)
    several = evaluate_folder(MODEL, dataset, num_threads=3, num_streams=3)
    assert several.run.num_streams == 3
    np.testing.assert_equal(figures(several), figures(one))


def test_images_that_fail_are_listed_and_the_others_count(dataset: Path) -> None:
    images = sorted((dataset / "images").glob("train_*.jpg"))
    images[1].unlink()
    images[3].write_bytes(images[3].read_bytes()[:400])
    Image.new("RGB", (191, 192)).save(images[6])
    evaluation = evaluate_folder(MODEL, dataset)
    assert [one.file_name for one in evaluation.failed] == [images[i].name for i in (1, 3, 6)]
    missing, cut, size = (one.error for one in evaluation.failed)
    assert "does not exist" in missing
    assert images[3].name in cut
    assert "191 x 192 pixels" in size
    assert "annotations say 192 x 192" in size

    bad = {one.image_id for one in evaluation.failed}

    def without_bad(content: dict[str, Any]) -> None:
        content["images"] = [i for i in content["images"] if i["id"] not in bad]
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] not in bad]

    changed(dataset, without_bad)
    np.testing.assert_equal(figures(evaluation), figures(evaluate_folder(MODEL, dataset)))


def test_no_image_at_all_is_an_error(dataset: Path) -> None:
    for file in (dataset / "images").iterdir():
        file.write_bytes(b"no image")
    with pytest.raises(ImageError, match=r"all 8 images .* failed; the first, train_00000.jpg"):
        evaluate_folder(MODEL, dataset)


def test_of_a_file_with_pages_the_first_counts(dataset: Path) -> None:
    images = sorted((dataset / "images").glob("train_*.jpg"))
    expected = figures(evaluate_folder(MODEL, dataset))
    pages = [Image.open(images[i]).convert("RGB") for i in (2, 5, 1)]
    pages[0].save(dataset / "images" / "pages.tif", save_all=True, append_images=pages[1:])
    changed(dataset, lambda content: content["images"][2].update(file_name="pages.tif"))
    np.testing.assert_equal(figures(evaluate_folder(MODEL, dataset)), expected)


def test_names_that_look_like_patterns_are_names(dataset: Path) -> None:
    expected = figures(evaluate_folder(MODEL, dataset))
    (dataset / "images" / "a[1]*").mkdir()
    (dataset / "images" / "train_00004.jpg").rename(dataset / "images" / "a[1]*" / "é ?.jpg")
    changed(dataset, lambda content: content["images"][4].update(file_name="a[1]*/é ?.jpg"))
    evaluation = evaluate_folder(MODEL, dataset)
    assert evaluation.failed == ()
    np.testing.assert_equal(figures(evaluation), expected)


def test_categories_in_another_order_with_gaps_give_the_same(dataset: Path) -> None:
    expected = evaluate_folder(MODEL, dataset)["segm"].per_class

    def renumber(content: dict[str, Any]) -> None:
        for category in content["categories"]:
            category["id"] = 70 - 30 * category["id"]
        for entry in content["annotations"]:
            entry["category_id"] = 70 - 30 * entry["category_id"]

    changed(dataset, renumber)
    evaluation = evaluate_folder(MODEL, dataset)
    assert list(evaluation.class_labels.items()) == [(10, "cell"), (40, "coin")]
    assert evaluation["segm"].per_class == pytest.approx(dict(expected), abs=0)


def test_classes_that_do_not_fit_are_refused(dataset: Path) -> None:
    changed(dataset, lambda content: content["categories"][0].update(name="button"))
    with pytest.raises(InvalidArgument, match=r"does not know: 'button'.* are 'coin', 'cell'"):
        evaluate_folder(MODEL, dataset)


def test_bad_data_sets_are_told_before_a_model_is_loaded(dataset: Path, tmp_path: Path) -> None:
    nowhere = tmp_path / "no_model"
    with pytest.raises(
        InvalidArgument, match=r"there is no annotation file .*instance_train\.json"
    ):
        evaluate_folder(nowhere, dataset, split="train")
    shutil.move(dataset / "images", dataset / "pictures")
    with pytest.raises(InvalidArgument, match="has no folder images"):
        evaluate_folder(nowhere, dataset)
    changed(dataset, lambda content: content["annotations"][3].update(segmentation=[[1, 2]]))
    with pytest.raises(InvalidArgument, match=r"annotations\[3\] .*a polygon has 2 numbers"):
        evaluate_folder(nowhere, dataset)


def test_an_engine_that_is_not_there_is_refused(dataset: Path) -> None:
    with pytest.raises(InvalidArgument, match='engine "steam" is unknown'):
        evaluate_folder(MODEL, dataset, engine="steam")
    with pytest.raises((InvalidArgument, EngineError), match="gpu"):
        evaluate_folder(MODEL, dataset, engine="openvino", device="gpu:0")


def test_what_is_reported_is_plain_data(dataset: Path) -> None:
    images = sorted((dataset / "images").glob("train_*.jpg"))
    images[0].unlink()
    evaluation = evaluate_folder(MODEL, dataset)
    report = json.loads(json.dumps(evaluation.to_dict(), allow_nan=False))
    assert report["done_flag"] is True
    assert report["metrics"] == {"AP": evaluation["segm"].metrics["AP"]}
    assert math.isnan(evaluation["segm"].metrics["APl"])
    assert report["segm"]["APl"] is None
    assert list(report["bbox"]) == list(report["segm"]) == list(evaluation["segm"].metrics)
    assert report["per_class"]["coin"]["segm_AP"] == evaluation["segm"].per_class["coin"]
    assert report["per_class"]["cell"]["bbox_AP50"] == evaluation["bbox"].per_class_ap50["cell"]
    assert sum(one["objects"] for one in report["per_class"].values()) == report["objects"]
    assert report["images"] == 7
    assert report["failed_images"][0]["file_name"] == images[0].name
    assert len(report["notes"]) == 2

    assert repr(evaluation).startswith("Evaluation('PP-YOLOE_seg-S', box AP 0.")
    table = evaluation.table()
    assert f"AP      {evaluation['bbox'].metrics['AP']:.3f}  " in table
    assert "APl     -      -      large objects" in table
    assert "1 images failed and do not count; the first is train_00000.jpg" in table
