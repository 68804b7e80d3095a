"""What is read from an annotation file, and which faults are told where."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pycocotools import mask as coco_mask

from instseg.errors import InvalidArgument
from instseg_train.evaluate.annotations import read_annotations

HEIGHT, WIDTH = 6, 8
SQUARE = np.zeros((HEIGHT, WIDTH), np.uint8)
SQUARE[1:4, 2:5] = 1
COUNTS = coco_mask.encode(np.asfortranarray(SQUARE))["counts"].decode()
PLAIN = [13, 3, 3, 3, 3, 3, 20]
POLYGON = [2, 1, 5, 1, 5, 4, 2, 4]

GOOD: dict[str, Any] = {
    "images": [
        {"id": 9, "file_name": "b.jpg", "height": HEIGHT, "width": WIDTH},
        {"id": 2, "file_name": "a.jpg", "height": HEIGHT, "width": WIDTH},
    ],
    "categories": [{"id": 30, "name": "cell"}, {"id": 4, "name": "coin"}],
    "annotations": [
        {
            "id": 0,
            "image_id": 9,
            "category_id": 30,
            "bbox": [2, 1, 3, 3],
            "area": 9,
            "iscrowd": 0,
            "segmentation": [POLYGON],
        },
        {
            "id": 7,
            "image_id": 2,
            "category_id": 4,
            "segmentation": {"size": [HEIGHT, WIDTH], "counts": COUNTS},
        },
        {
            "id": 7,
            "image_id": 2,
            "category_id": 4,
            "iscrowd": 1,
            "segmentation": {"size": [HEIGHT, WIDTH], "counts": PLAIN},
        },
    ],
}


def written(folder: Path, content: Any) -> Path:
    file = folder / "instance_val.json"
    file.write_text(json.dumps(content))
    return file


def test_every_form_of_mask_is_read(tmp_path: Path) -> None:
    truth = read_annotations(written(tmp_path, GOOD))
    assert list(truth.images) == [2, 9]
    assert truth.images[9].file_name == "b.jpg"
    assert dict(truth.categories) == {4: "coin", 30: "cell"}
    for entry in truth.objects:
        np.testing.assert_array_equal(coco_mask.decode(entry["segmentation"]), SQUARE)


def test_what_is_missing_comes_from_the_mask_and_numbers_are_from_1(tmp_path: Path) -> None:
    truth = read_annotations(written(tmp_path, GOOD))
    assert [entry["id"] for entry in truth.objects] == [1, 2, 3]
    assert [entry["iscrowd"] for entry in truth.objects] == [0, 0, 1]
    assert truth.objects[1]["bbox"] == [2, 1, 3, 3]
    assert truth.objects[1]["area"] == 9


def test_run_lengths_of_any_mask_are_accepted(tmp_path: Path) -> None:
    """The check of compressed run lengths is ours: pycocotools reads beyond the end of bad ones."""
    random = np.random.default_rng(3)
    content = copy.deepcopy(GOOD)
    height, width = 300, 411
    content["images"][0] |= {"height": height, "width": width}
    masks = [random.random((height, width)) < part for part in (0, 1e-4, 0.3, 0.999, 2)]
    content["annotations"] = [
        {
            "image_id": 9,
            "category_id": 4,
            "segmentation": {
                "size": [height, width],
                "counts": coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))[
                    "counts"
                ].decode(),
            },
        }
        for mask in masks
    ]
    truth = read_annotations(written(tmp_path, content))
    for entry, mask in zip(truth.objects, masks, strict=True):
        np.testing.assert_array_equal(coco_mask.decode(entry["segmentation"]), mask)


Change = Callable[[dict[str, Any]], Any]


def entry(place: int, **values: Any) -> Change:
    return lambda content: content["annotations"][place].update(values)


FAULTS: list[tuple[Change, str]] = [
    (lambda c: c.pop("images"), "'images' is not a list"),
    (lambda c: c["images"].clear(), "has no images"),
    (lambda c: c["categories"].clear(), "has no categories"),
    (lambda c: c["images"].append([]), r"images\[2\]: it is a list"),
    (lambda c: c["images"][0].update(id="9"), r"images\[0\] \(id 9\): id is '9'"),
    (lambda c: c["images"][0].update(id=2), "another image has the id 2"),
    (lambda c: c["images"][0].update(file_name=None), "file_name is None"),
    (lambda c: c["images"][0].pop("height"), "height is None"),
    (lambda c: c["images"][1].update(width=0), "the size is 0 x 6 pixels"),
    (lambda c: c["categories"][0].update(id=4), "another category has the id 4"),
    (lambda c: c["categories"][0].pop("name"), "name is None"),
    (entry(0, image_id=3), r"annotations\[0\] \(id 0\): there is no image with the id 3"),
    (entry(0, category_id=1), "there is no category with the id 1"),
    (entry(0, iscrowd=2), "iscrowd is 2"),
    (entry(0, bbox=[1, 2, 3]), r"bbox is \[1, 2, 3\]"),
    (entry(0, area="9"), "area is '9'"),
    (entry(0, segmentation=None), "it is None, expected polygons or run lengths"),
    (entry(0, segmentation=[]), "it is empty"),
    (entry(0, segmentation=[[1, 1, 4, 4]]), "a polygon has 4 numbers"),
    (entry(0, segmentation=[POLYGON, [1, 1, 2, 2, 3, 3, 4]]), "a polygon has 7 numbers"),
    (entry(0, segmentation=["x"]), "a polygon is not a list of numbers"),
    (entry(0, segmentation=[[1, 1, 2, 2, 3, float("nan")]]), "a polygon is not a list of numbers"),
    (entry(1, segmentation={"size": [8, 6], "counts": COUNTS}), r"is \[8, 6\], the image's"),
    (entry(1, segmentation={"size": [6, 8], "counts": COUNTS[:-1]}), "are cut off"),
    (entry(1, segmentation={"size": [6, 8], "counts": "é"}), "no part of run lengths"),
    (entry(1, segmentation={"size": [6, 8], "counts": COUNTS + "1"}), "do not add up"),
    (entry(1, segmentation={"size": [6, 8]}), "counts"),
    (entry(1, segmentation={"size": [6, 8], "counts": PLAIN[:-1]}), "do not add up"),
    (entry(1, segmentation={"size": [6, 8], "counts": [50, -2]}), "do not add up"),
]


@pytest.mark.parametrize(("change", "message"), FAULTS, ids=[m for _, m in FAULTS])
def test_a_fault_is_told_with_its_place(change: Change, message: str, tmp_path: Path) -> None:
    content = copy.deepcopy(GOOD)
    change(content)
    with pytest.raises(InvalidArgument, match=message):
        read_annotations(written(tmp_path, content))


def test_a_file_that_is_none_is_told(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match="there is no annotation file"):
        read_annotations(tmp_path / "instance_val.json")
    with pytest.raises(InvalidArgument, match="it holds a list"):
        read_annotations(written(tmp_path, []))
    for text in ("{", "", '{"images": [', "\x00"):
        (tmp_path / "instance_val.json").write_text(text)
        with pytest.raises(InvalidArgument, match="cannot be read as JSON"):
            read_annotations(tmp_path / "instance_val.json")
    (tmp_path / "instance_val.json").write_bytes(b'{"images": "\xff"}')
    with pytest.raises(InvalidArgument, match="cannot be read as JSON"):
        read_annotations(tmp_path / "instance_val.json")
