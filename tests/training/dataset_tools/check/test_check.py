"""A valid data set passes without a word; what is written; folders; hostile files."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from small_coco import HEIGHT, WIDTH, SmallCoco, write_image

from instseg.errors import InvalidArgument
from instseg_train.dataset import SceneOptions, write_demo_dataset
from instseg_train.dataset_tools import check_dataset


def test_a_valid_data_set_has_no_problem(tmp_path: Path) -> None:
    """With a crowd, an empty image, a subfolder, ids with gaps, both kinds of run lengths."""
    report = check_dataset(SmallCoco(tmp_path / "data").write(), tmp_path / "out")
    assert report.passed
    assert report.problems == []
    assert [note.code for note in report.notes] == ["images-empty"]
    assert report.class_names == ["coin", "cell"]
    assert report.text().splitlines()[-1] == "Check dataset passed !"


def test_the_result_has_paddlex_keys(tmp_path: Path) -> None:
    report = check_dataset(SmallCoco(tmp_path / "data").write(), tmp_path / "out")
    assert report.result() == {
        "done_flag": True,
        "check_pass": True,
        "attributes": {
            "num_classes": 2,
            "train_samples": 3,
            "train_sample_paths": [
                f"check_dataset/demo_img/{name}" for name in ("a.png", "b.png", "sub/c.png")
            ],
            "val_samples": 1,
            "val_sample_paths": ["check_dataset/demo_img/d.png"],
            "train_instances": 4,
            "val_instances": 2,
        },
        "analysis": {"histogram": "check_dataset/histogram.png"},
        "dataset_path": "data",
        "show_type": "image",
        "dataset_type": "COCOInstSegDataset",
    }
    attributes = report.result()["attributes"]
    for path in [*attributes["train_sample_paths"], *attributes["val_sample_paths"]]:
        with Image.open(tmp_path / "out" / path) as picture:
            assert picture.size == (WIDTH, HEIGHT)
    with Image.open(tmp_path / "out/check_dataset/histogram.png") as picture:
        assert picture.size[0] >= 900


def test_a_picture_shows_its_masks(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    check_dataset(data.write(), tmp_path / "out")
    changed = {}
    for name in ("a.png", "b.png"):
        before, after = (
            np.asarray(Image.open(folder / name))
            for folder in (data.root / "images", tmp_path / "out/check_dataset/demo_img")
        )
        changed[name] = (before != after).any(2)
    assert changed["a.png"][6:24, 11:29].mean() > 0.95
    assert changed["a.png"][:, 41:49].mean() > 0.95
    assert not changed["a.png"][:2, :9].any()
    assert not changed["b.png"].any()  # nothing to show


def test_the_failing_result_tells_why(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    for entry in data.train["annotations"]:
        entry["bbox"] = [1, 1, 0, 0]
    report = check_dataset(data.write(), tmp_path / "out")
    result = report.result()
    assert (result["done_flag"], result["check_pass"]) == (False, False)
    assert result["err_type"] == "CheckFailedError"
    assert "A bbox has no area (4 times) [box-size]" in result["err_msg"]
    assert "... and 1 more" in result["err_msg"]
    assert len(report.errors) == 4
    assert [path.name for path in (tmp_path / "out/check_dataset").iterdir()] == ["problems.json"]


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    data.train["annotations"][0]["bbox"] = [1, 2]
    data.train["annotations"][2]["category_id"] = 9
    data.val["images"][0]["width"] = 59
    data.write()
    (data.root / "images/b.png").unlink()
    (data.root / "images/sub/c.png").write_bytes(b"")
    codes = {problem.code for problem in check_dataset(data.root, tmp_path / "out").errors}
    assert codes >= {
        "box-type", "annotation-category", "image-size", "image-missing", "image-empty",
    }  # fmt: skip


def test_the_expected_number_of_classes(tmp_path: Path) -> None:
    root = SmallCoco(tmp_path / "data").write()
    assert check_dataset(root, tmp_path / "out", expected_classes=2).passed
    (error,) = check_dataset(root, tmp_path / "out", expected_classes=80).problems
    assert error.code == "num-classes"
    assert error.message == "the data set has 2 classes, 80 are expected"


def test_no_categories(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    for content in (data.train, data.val):
        content["categories"] = content["annotations"] = []
    codes = {problem.code for problem in check_dataset(data.write(), tmp_path / "out").errors}
    assert codes == {"categories-none", "annotations-none"}


def test_the_root_is_found_below(tmp_path: Path) -> None:
    SmallCoco(tmp_path / "given" / "deep" / "coins").write()
    report = check_dataset(tmp_path / "given", tmp_path / "out")
    assert report.passed
    assert report.result()["dataset_path"] == "coins"


def test_several_roots_none_and_no_folder(tmp_path: Path) -> None:
    for name in ("one", "two"):
        SmallCoco(tmp_path / "given" / name).write()
    (error,) = check_dataset(tmp_path / "given", tmp_path / "out").problems
    assert (error.code, error.message) == ("images-folder-ambiguous", "one, two")
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "annotations").mkdir()
    (error,) = check_dataset(tmp_path / "empty", tmp_path / "out").problems
    assert error.code == "images-folder-missing"
    assert error.message.endswith("it holds annotations")
    (error,) = check_dataset(tmp_path / "nowhere", tmp_path / "out").problems
    assert (error.code, error.file) == ("dataset-missing", str(tmp_path / "nowhere"))


@pytest.mark.parametrize(
    ("mode", "note"), [("L", "L"), ("RGBA", "RGBA"), ("I;16", "I;16"), ("P", "P")]
)
def test_modes_are_noted(mode: str, note: str, tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    kind, top = (np.uint16, 65535) if mode == "I;16" else (np.uint8, 255)
    shape = (HEIGHT, WIDTH, 4) if mode == "RGBA" else (HEIGHT, WIDTH)
    pixels = np.random.default_rng(3).integers(0, top, shape).astype(kind)
    image = Image.fromarray(pixels)
    (image.convert("P") if mode == "P" else image).save(data.root / "images/a.png")
    report = check_dataset(data.write(), tmp_path / "out")
    assert report.problems == []
    assert f"1 of mode {note}" in [note.message for note in report.notes]


def test_a_huge_picture_is_a_warning(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    Image.new("1", (10_001, 10_000)).save(data.root / "images/big.png")
    entry = {"id": 99, "file_name": "big.png", "height": 10_000, "width": 10_001}
    data.train["images"].append(entry)
    (problem,) = check_dataset(data.write(), tmp_path / "out", num_workers=1).problems
    assert (problem.code, problem.severity) == ("image-huge", "warning")
    assert problem.message == "10001 x 10000 pixels"


def test_a_decompression_bomb_is_not_unpacked(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    path = data.root / "images/a.png"
    content = bytearray(path.read_bytes())
    content[16:24] = (60_000).to_bytes(4, "big") * 2
    path.write_bytes(content)
    codes = {problem.code for problem in check_dataset(data.write(), tmp_path / "out").errors}
    assert codes == {"image-unreadable"}


def test_any_value_at_any_place_is_survived(tmp_path: Path) -> None:
    """Each value of each entry replaced by each of many that do not belong there."""
    data = SmallCoco(tmp_path / "data")
    values = (None, True, -1, 1 << 80, 1e308, float("nan"), "", "x" * 9, [], [[]], [None], {}, [{}])
    base = json.dumps(data.train)
    data.write()
    for key in ("images", "annotations", "categories"):
        for name in data.train[key][0]:
            for value in values:
                content = json.loads(base)
                content[key][0][name] = value
                data.file("train").write_text(json.dumps(content))
                report = check_dataset(data.root, tmp_path / "out", num_workers=1)
                harmless = name == "iscrowd" and value is True
                assert report.problems or harmless or name == "name", (key, name, value)


def test_unlisted_and_hidden_files(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    write_image(data.root / "images/sub/extra.png", 8)
    (data.root / "images/.DS_Store").write_bytes(b"x")
    (problem,) = check_dataset(data.write(), tmp_path / "out").problems
    assert (problem.code, problem.file) == ("image-unlisted", "images/sub/extra.png")


def test_the_drawn_data_set_passes_and_progress_is_told(tmp_path: Path) -> None:
    root = write_demo_dataset(
        tmp_path / "demo", train_images=12, val_images=2, options=SceneOptions(height=64, width=96)
    )
    stages: dict[str, float] = {}
    report = check_dataset(root, tmp_path / "out", progress=stages.__setitem__)
    assert report.problems == []
    assert len(report.pictures["train"]) == 10
    assert stages == dict.fromkeys(
        ("train annotations", "val annotations", "images", "sample pictures"), 1.0
    )


def test_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="num_workers is 0"):
        check_dataset(tmp_path, tmp_path / "out", num_workers=0)
