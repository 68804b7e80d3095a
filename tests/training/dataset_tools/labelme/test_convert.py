"""LabelMe's files become COCO's: shapes, groups, paths, lists, faults."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from made_results import result_of
from PIL import Image
from pycocotools import mask as coco_mask
from small_coco import HEIGHT, WIDTH
from small_labelme import SQUARE, SmallLabelme, shape

from instseg.errors import InvalidArgument
from instseg_train.dataset_tools import DatasetError, check_dataset, convert_labelme


def png(mask: np.ndarray[Any, Any]) -> str:
    file = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8)).save(file, "PNG")
    return base64.b64encode(file.getvalue()).decode()


def one(tmp_path: Path, *shapes: dict[str, Any]) -> list[dict[str, Any]]:
    """The annotations that these shapes of one picture become."""
    data = SmallLabelme(tmp_path / "data", train=1, val=1)
    data.files["train0"]["shapes"] = list(shapes)
    convert_labelme(data.write())
    annotations: list[dict[str, Any]] = data.coco("train")["annotations"]
    return annotations


def decoded(annotation: dict[str, Any]) -> np.ndarray[Any, Any]:
    segmentation = annotation["segmentation"]
    if isinstance(segmentation, list):
        segmentation = coco_mask.merge(coco_mask.frPyObjects(segmentation, HEIGHT, WIDTH))
    mask: np.ndarray[Any, Any] = coco_mask.decode(segmentation).astype(bool)
    assert annotation["area"] == mask.sum()
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    x, y = columns[0], rows[0]
    assert annotation["bbox"] == [x, y, columns[-1] + 1 - x, rows[-1] + 1 - y]
    return mask


def square(y1: int, y2: int, x1: int, x2: int) -> np.ndarray[Any, Any]:
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[y1:y2, x1:x2] = True
    return mask


def test_the_result_passes_the_check(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=5, val=2)
    report = convert_labelme(data.write())
    assert report.images == {"train": 5, "val": 2}
    assert report.backups == {}
    assert report.warnings == []
    assert report.text().endswith("Convert dataset successfully !")
    assert check_dataset(data.root, tmp_path / "out").problems == []
    (image, *_), categories = data.coco("val")["images"], data.coco("val")["categories"]
    assert image == {"id": 1, "file_name": "val0.png", "width": WIDTH, "height": HEIGHT}
    assert categories == [{"id": 1, "name": "cell"}, {"id": 2, "name": "coin"}]
    assert data.coco("train")["categories"] == categories


def test_polygon_and_rectangle(tmp_path: Path) -> None:
    drawn, box = one(
        tmp_path, shape("coin", SQUARE), shape("coin", [[30, 25], [10, 5]], "rectangle")
    )
    assert drawn["segmentation"] == [[10, 5, 30, 5, 30, 25, 10, 25]]
    assert (decoded(drawn) == square(5, 25, 10, 30)).all()
    assert (decoded(box) == square(5, 25, 10, 30)).all()
    assert (drawn["iscrowd"], drawn["ignore"]) == (0, 0)


def test_a_circle_is_round(tmp_path: Path) -> None:
    (circle,) = one(tmp_path, shape("coin", [[30, 20], [30, 5]], "circle"))
    y, x = np.mgrid[:HEIGHT, :WIDTH] + 0.5
    distance = np.hypot(x - 30, y - 20)
    mask = decoded(circle)
    # COCO's rasteriser rounds outlines to pixels.
    assert mask[distance < 14].all()
    assert not mask[distance > 16].any()


def test_a_group_of_one_label_is_one_instance(tmp_path: Path) -> None:
    left, right = [[1, 1], [9, 1], [9, 9], [1, 9]], [[21, 1], [29, 1], [29, 9], [21, 9]]
    first, other, single = one(
        tmp_path,
        shape("coin", left, group_id=7),
        shape("cell", SQUARE, group_id=7),
        shape("coin", right, group_id=7),
        shape("coin", SQUARE),
    )
    assert (decoded(first) == square(1, 9, 1, 9) | square(1, 9, 21, 29)).all()
    assert len(first["segmentation"]) == 2
    assert [first["category_id"], other["category_id"], single["category_id"]] == [1, 2, 1]


def test_a_mask_shape_and_a_polygon_of_its_group(tmp_path: Path) -> None:
    crop = np.random.default_rng(0).random((6, 11)) < 0.5
    crop[0, 0] = crop[-1, -1] = True
    corners = [[4, 30], [14, 35]]  # the last pixel's column and row included
    (alone, joined) = one(
        tmp_path,
        shape("coin", corners, "mask", mask=png(crop)),
        shape("cell", corners, "mask", mask=png(crop), group_id=1),
        shape("cell", SQUARE, group_id=1),
    )
    expected = np.zeros((HEIGHT, WIDTH), bool)
    expected[30:36, 4:15] = crop
    assert (decoded(alone) == expected).all()
    assert (decoded(joined) == expected | square(5, 25, 10, 30)).all()
    assert alone["segmentation"]["size"] == [HEIGHT, WIDTH]


def test_shapes_without_area_are_left_out_and_told(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=1, val=1)
    data.files["train0"]["shapes"] += [
        shape("scratch", [[1, 1], [5, 5]], "line"),
        shape("scratch", [[1, 1], [5, 5], [9, 1]], "linestrip"),
        shape("scratch", [[1, 1]], "point"),
    ]
    report = convert_labelme(data.write())
    assert [(w.code, w.place, w.message) for w in report.warnings] == [
        ("shape-type", 'shapes[1] "scratch"', "it is a line"),
        ("shape-type", 'shapes[2] "scratch"', "it is a linestrip"),
        ("shape-type", 'shapes[3] "scratch"', "it is a point"),
    ]
    assert report.class_names == ["cell", "coin"]


def test_a_shape_across_the_edge_is_cut(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=1, val=1)
    data.files["train0"]["shapes"] = [shape("coin", [[50, -10], [80, 10]], "rectangle")]
    report = convert_labelme(data.write())
    assert [w.code for w in report.warnings] == ["shape-cut"]
    (annotation,) = data.coco("train")["annotations"]
    assert (decoded(annotation) == square(0, 10, 50, WIDTH)).all()
    assert check_dataset(data.root, tmp_path / "out").problems == []


def test_sizes_are_those_of_the_upright_picture(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=1, val=1)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = data.root / "images/train0.png"
    with Image.open(path) as stored:
        stored.save(path, exif=exif)
    data.files["train0"] |= {"imageHeight": WIDTH, "imageWidth": HEIGHT}
    convert_labelme(data.write())
    (image,) = data.coco("train")["images"]
    assert (image["height"], image["width"]) == (WIDTH, HEIGHT)
    assert check_dataset(data.root, tmp_path / "out").errors == []
    data.files["train0"] |= {"imageHeight": HEIGHT, "imageWidth": WIDTH}
    data.write()
    with pytest.raises(DatasetError, match="before its EXIF orientation was applied"):
        convert_labelme(data.root)


def test_the_picture_is_found_by_the_json_files_name(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=1, val=1)
    data.files["train0"]["imagePath"] = "C:\\elsewhere\\renamed.jpg"
    report = convert_labelme(data.write())
    (warning,) = report.warnings
    assert warning.code == "image-path-mismatch"
    assert warning.message.endswith("images/train0.png was taken")


def test_without_a_validation_list_a_fifth_becomes_it(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=10)
    data.lists["val"] = []
    root = data.write()
    (root / "val_anno_list.txt").write_text("\n")  # empty: counts as none
    old = (root / "train_anno_list.txt").read_bytes()
    report = convert_labelme(root, seed=3)
    assert report.images == {"train": 8, "val": 2}
    assert report.backups == {
        "train_anno_list.txt": "train_anno_list.txt.bak",
        "val_anno_list.txt": "val_anno_list.txt.bak",
    }
    assert (root / "train_anno_list.txt.bak").read_bytes() == old
    lists = [(root / f"{split}_anno_list.txt").read_text().split() for split in ("train", "val")]
    assert sorted(lists[0] + lists[1]) == data.lists["train"]
    # One picture of each class.
    assert {a["category_id"] for a in data.coco("val")["annotations"]} == {1, 2}
    again = SmallLabelme(tmp_path / "again", train=10)
    convert_labelme(again.write(), seed=3)
    assert again.coco("val") == data.coco("val")


def test_the_annotations_that_were_there_are_kept(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=2, val=1)
    root = data.write()
    (root / "annotations/instance_val.json").write_text("mine")
    (root / "annotations/instance_val.json.bak").write_text("older")
    convert_labelme(root)
    assert (root / "annotations/instance_val.json.bak").read_text() == "older"
    assert (root / "annotations/instance_val.json.bak1").read_text() == "mine"


def test_two_files_of_one_picture_are_joined(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=2, val=1)
    data.files["train1"]["imagePath"] = "train0.png"
    report = convert_labelme(data.write())
    assert [w.code for w in report.warnings] == ["image-annotated-twice"]
    assert len(data.coco("train")["images"]) == 1
    assert len(data.coco("train")["annotations"]) == 2


def set_shape(**values: Any) -> Callable[[SmallLabelme], object]:
    return lambda data: data.files["train1"]["shapes"][0].update(values)


def set_file(**values: Any) -> Callable[[SmallLabelme], object]:
    return lambda data: data.files["train1"].update(values)


def missing_picture(data: SmallLabelme) -> None:
    (data.root / "images/train1.png").unlink()


SMALL_MASK = png(np.ones((2, 2)))
J, L = "annotations/train1.json", "train_anno_list.txt"
FAULTS: list[tuple[str, str, str, Callable[[SmallLabelme], object]]] = [
    ("list-repeated", L, "line 4", lambda d: d.lists["train"].append("annotations/train1.json")),
    ("list-leak", "val_anno_list.txt", "line 2", lambda d: d.lists["val"].append(J)),
    ("list-outside", L, "line 4", lambda d: d.lists["train"].append("../x.json")),
    ("list-outside", L, "line 4", lambda d: d.lists["train"].append("C:/x.json")),
    ("list-missing", L, "", lambda d: d.lists.update(train=[])),
    ("file-missing", "annotations/x.json", "", lambda d: d.lists["train"].append(
        "annotations/x.json")),
    ("shapes-missing", J, "shapes", lambda d: d.files["train1"].pop("shapes")),
    ("shapes-missing", J, "shapes", set_file(shapes={})),
    ("image-missing", J, "imagePath", missing_picture),
    ("image-unreadable", "images/train1.png", "", lambda d: (d.root / "images/train1.png")
        .write_bytes(b"x")),
    ("image-size", J, "imageWidth", set_file(imageWidth=61)),
    ("image-leak", "annotations/val0.json", "imagePath", lambda d: d.files["val0"].update(
        imagePath="train1.png")),
    ("label", J, "shapes[0]", set_shape(label="")),
    ("label", J, "shapes[0]", set_shape(label=[1])),
    ("label", J, "shapes[0]", set_file(shapes=[3])),
    ("shape-points", J, 'shapes[0] "coin"', set_shape(points=[[1, 1], [5, 5]])),
    ("shape-points", J, 'shapes[0] "coin"', set_shape(points=[[1, 1], [5, float("nan")], [3, 3]])),
    ("shape-points", J, 'shapes[0] "coin"', set_shape(points=7)),
    ("shape-points", J, 'shapes[0] "coin"', set_shape(shape_type=["polygon"])),
    ("shape-points", J, 'shapes[0] "coin"', set_shape(points=SQUARE[:3], shape_type="rectangle")),
    ("shape-points", J, 'shapes[0] "coin"', set_shape(points=[[5, 5]] * 2, shape_type="circle")),
    ("shape-outside", J, 'shapes[0] "coin"', set_shape(points=[[90, 1], [99, 5], [95, 9]])),
    ("shape-empty", J, 'shapes[0] "coin"', set_shape(points=[[1, 1], [5, 1], [9, 1]])),
    ("shape-mask", J, 'shapes[0] "coin"', set_shape(
        points=[[1, 1], [3, 2]], shape_type="mask", mask=SMALL_MASK)),
    ("shape-mask", J, 'shapes[0] "coin"', set_shape(
        points=[[1, 1], [2, 2]], shape_type="mask", mask="%%%")),
    ("shape-outside", J, 'shapes[0] "coin"', set_shape(
        points=[[59, 1], [60, 2]], shape_type="mask", mask=SMALL_MASK)),
    ("json-syntax", J, "line 1, column 2", lambda d: d.files.pop("train1")),
]  # fmt: skip


@pytest.mark.parametrize(("code", "file", "place", "mutate"), FAULTS, ids=[f[0] for f in FAULTS])
def test_faults_are_told_and_nothing_is_written(
    code: str, file: str, place: str, mutate: Callable[[SmallLabelme], object], tmp_path: Path
) -> None:
    data = SmallLabelme(tmp_path / "data", train=3, val=1)
    (data.root / "annotations/train1.json").write_text("{x")
    mutate(data)
    data.write()
    before = sorted(path.name for path in data.root.rglob("*"))
    with pytest.raises(DatasetError) as raised:
        convert_labelme(data.root)
    (problem,) = (p for p in raised.value.problems if p.severity == "error")
    assert (problem.code, problem.file) == (code, file)
    assert problem.place.startswith(place)
    assert code in str(raised.value)
    assert problem.remedy in str(raised.value)
    assert sorted(path.name for path in data.root.rglob("*")) == before


def test_any_value_at_any_place_is_survived(tmp_path: Path) -> None:
    """Each value of a file and of its shape replaced by each of many that do not belong there."""
    data = SmallLabelme(tmp_path / "data", train=2, val=1)
    base = json.dumps(data.files["train0"])
    data.write()
    path = data.root / "annotations/train0.json"
    values = (None, True, -1, 1 << 80, 1e308, float("nan"), "", "x", "\0", [], [[]], {}, [{}])
    keys = [(False, key) for key in data.files["train0"]]
    keys += [(True, key) for key in data.files["train0"]["shapes"][0]]
    refused = set()
    for in_shape, key in keys:
        for value in values:
            content = json.loads(base)
            (content["shapes"][0] if in_shape else content)[key] = value
            path.write_text(json.dumps(content))
            try:
                convert_labelme(data.root)
            except DatasetError:
                refused.add(key)
    assert refused == {"shapes", "label", "points", "shape_type", "imageHeight", "imageWidth"}


def test_all_faults_at_once(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=3, val=1)
    data.files["train0"]["shapes"][0]["label"] = None
    data.files["train2"]["imageHeight"] = 1
    data.files["val0"]["shapes"][0]["points"] = []
    with pytest.raises(DatasetError) as raised:
        convert_labelme(data.write())
    assert [p.code for p in raised.value.problems] == ["label", "image-size", "shape-points"]


def test_one_picture_cannot_be_divided(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="1 image; training and validation take one each"):
        convert_labelme(SmallLabelme(tmp_path / "data", train=1).write())


def test_nothing_to_learn_from(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "data", train=2, val=1)
    for content in data.files.values():
        content["shapes"] = []
    with pytest.raises(DatasetError, match="no shape to learn from"):
        convert_labelme(data.write())


def test_the_root_is_found_below(tmp_path: Path) -> None:
    data = SmallLabelme(tmp_path / "given" / "data", train=2, val=1)
    data.write()
    convert_labelme(tmp_path / "given")
    assert len(data.coco("train")["images"]) == 2


def test_bad_arguments(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="there is no folder"):
        convert_labelme(tmp_path / "nowhere")
    with pytest.raises(InvalidArgument, match="seed is -1"):
        convert_labelme(tmp_path, seed=-1)


def test_predictions_saved_as_labelme_come_back(tmp_path: Path) -> None:
    """What the SDK writes (`Result.to_labelme`): several parts, a hole."""
    ring = square(3, 23, 4, 30) & ~square(8, 15, 10, 21)
    parts = square(25, 39, 2, 12) | square(2, 9, 40, 59)
    found = [(0, 0.9, ring.astype(np.uint8)), (1, 0.8, parts.astype(np.uint8))]
    result = replace(result_of(found, (HEIGHT, WIDTH)), labels=["coin", "cell"])
    data = SmallLabelme(tmp_path / "data", train=1, val=1)
    data.files["train0"] = result.to_labelme() | {"imagePath": "train0.png"}
    convert_labelme(data.write())
    first, second = data.coco("train")["annotations"]
    assert (decoded(first) == ring).all()
    assert (decoded(second) == parts).all()
