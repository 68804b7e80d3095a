"""Both files merged and divided anew: no image or annotation is lost, ids stay unique."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from small_coco import CATEGORIES, SmallCoco, polygon

from instseg.errors import InvalidArgument
from instseg_train.dataset_tools import DatasetError, check_dataset, split_dataset


def objects(*contents: dict[str, Any]) -> Counter[str]:
    """File name, class and outline of every annotation, whatever its ids."""
    found: Counter[str] = Counter()
    for content in contents:
        names = {image["id"]: image["file_name"] for image in content["images"]}
        classes = {category["id"]: category["name"] for category in content["categories"]}
        for entry in content["annotations"]:
            key = (names[entry["image_id"]], classes[entry["category_id"]], entry["segmentation"])
            found[json.dumps(key)] += 1
    return found


def files(root: Path) -> list[dict[str, Any]]:
    return [
        json.loads((root / f"annotations/instance_{split}.json").read_text())
        for split in ("train", "val")
    ]


def many(root: Path, counts: tuple[int, int]) -> Path:
    """Annotation files alone: image i of a file has i % 3 objects; ids begin at 1 in both."""
    (root / "images").mkdir(parents=True)
    (root / "annotations").mkdir()
    for split, count in zip(("train", "val"), counts, strict=True):
        content: dict[str, Any] = {"images": [], "annotations": [], "categories": CATEGORIES}
        for i in range(count):
            content["images"].append(
                {"id": i + 1, "file_name": f"{split}{i}.png", "height": 40, "width": 60}
            )
            for n in range(i % 3):
                key = len(content["annotations"]) + 1
                outline = [[n, 1, n + 5, 1, n + 5, 9]]
                content["annotations"].append(polygon(key, i + 1, (2, 5)[n], outline))
        path = root / f"annotations/instance_{split}.json"
        path.write_text(json.dumps(content | {"info": {"by": split}}))
    return root


@pytest.mark.parametrize("counts", [(1, 1), (2, 0), (4, 1), (5, 0), (0, 7), (13, 6), (40, 10)])
@pytest.mark.parametrize("percent", [1, 33.4, 50, 80, 90, 99])
def test_nothing_is_lost(counts: tuple[int, int], percent: float, tmp_path: Path) -> None:
    root = many(tmp_path / "data", counts)
    before = files(root)
    report = split_dataset(root, train_percent=percent, val_percent=100 - percent)
    after = files(root)
    assert objects(*after) == objects(*before)
    names = [image["file_name"] for content in after for image in content["images"]]
    assert len(set(names)) == len(names) == sum(counts)
    assert all(content["images"] for content in after)
    for key in ("images", "annotations"):
        ids = [entry["id"] for content in after for entry in content[key]]
        assert len(set(ids)) == len(ids)
    assert list(report.images.values()) == [len(content["images"]) for content in after]
    assert after[0]["info"] == {"by": "train"}
    for split, content in zip(("train", "val"), before, strict=True):
        assert json.loads((root / f"annotations/instance_{split}.json.bak").read_text()) == content


def test_the_result_passes_the_check_and_a_second_run_changes_nothing(tmp_path: Path) -> None:
    root = SmallCoco(tmp_path / "data").write()
    report = split_dataset(root, train_percent=50, val_percent=50)
    assert report.images == {"train": 2, "val": 2}
    assert report.text().endswith("Split dataset successfully !")
    assert check_dataset(root, tmp_path / "out").errors == []
    assert split_dataset(root, train_percent=50, val_percent=50).backups == {}
    assert split_dataset(root, train_percent=25, val_percent=75).backups == {
        f"annotations/instance_{split}.json": f"annotations/instance_{split}.json.bak1"
        for split in ("train", "val")
    }


@pytest.mark.parametrize("missing", ["train", "val"])
def test_one_file_may_be_missing(missing: str, tmp_path: Path) -> None:
    root = many(tmp_path / "data", (10, 10))
    (root / f"annotations/instance_{missing}.json").unlink()
    report = split_dataset(root, train_percent=80, val_percent=20)
    assert report.images == {"train": 8, "val": 2}
    assert len(report.backups) == 1


def test_ids_that_are_unique_stay(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    data.val["images"][0]["id"] = 900
    for entry in data.val["annotations"]:
        entry["image_id"] = 900
    before = {
        image["file_name"]: image["id"] for c in (data.train, data.val) for image in c["images"]
    }
    split_dataset(data.write(), train_percent=50, val_percent=50)
    after = {image["file_name"]: image["id"] for c in files(data.root) for image in c["images"]}
    assert after == before


def test_keys_that_are_not_known_stay(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    data.train["images"][0]["license"] = 4
    data.train["annotations"][0]["score"] = 0.5
    data.val["licenses"] = [{"id": 4}]
    split_dataset(data.write(), train_percent=50, val_percent=50)
    contents = files(data.root)
    assert [i["license"] for c in contents for i in c["images"] if "license" in i] == [4]
    assert [a["score"] for c in contents for a in c["annotations"] if "score" in a] == [0.5]
    assert all(content["licenses"] == [{"id": 4}] for content in contents)


def test_categories_of_one_file_come_into_both(tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    data.val["categories"].append({"id": 9, "name": "key"})
    split_dataset(data.write(), train_percent=50, val_percent=50)
    for content in files(data.root):
        assert [category["id"] for category in content["categories"]] == [2, 5, 9]


def other_name(data: SmallCoco) -> None:
    data.val["categories"][0]["name"] = "medal"


def other_id(data: SmallCoco) -> None:
    data.val["categories"][0]["id"] = 8
    data.val["annotations"][0]["category_id"] = 8


def in_both(data: SmallCoco) -> None:
    data.val["images"].append(dict(data.train["images"][0], id=50))


FAULTS: list[tuple[str, str, Callable[[SmallCoco], object]]] = [
    ("category-conflict", "id 2 is 'coin' and 'medal'", other_name),
    ("category-conflict", "'coin' has the ids 2 and 8", other_id),
    ("image-in-both", '"a.png" is in annotations/instance_train.json too', in_both),
    ("annotation-image", "it is 77", lambda d: d.val["annotations"][0].update(image_id=77)),
    (
        "annotation-image",
        "it is 3",
        lambda d: d.train.update(images=[], annotations=d.train["annotations"][:1]),
    ),
    ("annotation-category", "it is []", lambda d: d.val["annotations"][0].update(category_id=[])),
    ("key-missing", "there is no 'images'", lambda d: d.train.pop("images")),
    ("file-name", "it is 3", lambda d: d.train["images"][1].update(file_name=3)),
    ("entry-type", "it is 3, not an object", lambda d: d.train["images"].append(3)),
]


@pytest.mark.parametrize(("code", "message", "mutate"), FAULTS, ids=[f[0] for f in FAULTS])
def test_faults_are_told_and_nothing_is_written(
    code: str, message: str, mutate: Callable[[SmallCoco], object], tmp_path: Path
) -> None:
    data = SmallCoco(tmp_path / "data")
    mutate(data)
    data.write()
    before = {path: path.read_bytes() for path in (data.root / "annotations").iterdir()}
    with pytest.raises(DatasetError) as raised:
        split_dataset(data.root, train_percent=50, val_percent=50)
    (problem,) = raised.value.problems
    assert (problem.code, problem.message) == (code, message)
    assert {p: p.read_bytes() for p in (data.root / "annotations").iterdir()} == before


def test_too_little_to_split(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="There are too few images"):
        split_dataset(many(tmp_path / "a", (1, 0)), train_percent=50, val_percent=50)
    root = many(tmp_path / "b", (1, 1))
    for split in ("train", "val"):
        (root / f"annotations/instance_{split}.json").unlink()
    with pytest.raises(DatasetError, match="neither is in"):
        split_dataset(root, train_percent=50, val_percent=50)
    with pytest.raises(DatasetError, match="does not exist"):
        split_dataset(tmp_path / "nowhere", train_percent=50, val_percent=50)


@pytest.mark.parametrize(
    ("train", "val", "message"),
    [
        (75, 20, "together they must be 100, for example 75 and 25"),
        (100, 0, "train_percent is 100; give a number between 0 and 100"),
        (float("nan"), 20, "train_percent is nan"),
        (80, "20", "val_percent is '20'"),
    ],
)
def test_percentages_sum_to_100(train: Any, val: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=message):
        split_dataset(tmp_path, train_percent=train, val_percent=val)
