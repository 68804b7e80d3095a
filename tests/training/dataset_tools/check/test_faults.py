"""Every fault that one change makes is reported, alone, with its place."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from PIL import Image
from small_coco import HEIGHT, WIDTH, SmallCoco, polygon, run_lengths, write_image

from instseg_train.dataset_tools import check_dataset
from instseg_train.dataset_tools.check.kinds import KINDS

TRAIN = "annotations/instance_train.json"
VAL = "annotations/instance_val.json"
Mutation = Callable[[SmallCoco], object]


class Fault(NamedTuple):
    """mutate: before the files are written; damage: afterwards; told: part of the message."""

    code: str
    file: str
    place: str
    mutate: Mutation = lambda data: None
    damage: Mutation = lambda data: None
    told: str = ""


def first(key: str, value: Any, inside: str = "annotations") -> Mutation:
    """Sets a key of the first entry of training."""
    return lambda data: data.train[inside][0].update({key: value})


def without(key: str, inside: str = "annotations") -> Mutation:
    return lambda data: data.train[inside][0].pop(key)


def outline(*points: float) -> Mutation:
    return first("segmentation", [list(points)])


def counts(value: Any) -> Mutation:
    """Of the last annotation, which has compressed run lengths."""
    return lambda data: data.train["annotations"][3]["segmentation"].update(counts=value)


def text(value: str) -> Mutation:
    return lambda data: data.file("train").write_text(value)


def raw(value: bytes, name: str = "a.png") -> Mutation:
    return lambda data: (data.root / "images" / name).write_bytes(value)


def truncate(data: SmallCoco) -> None:
    path = data.root / "images" / "a.png"
    path.write_bytes(path.read_bytes()[:-1500])


def turn(data: SmallCoco) -> None:
    """Stored lying, upright by its EXIF orientation 6; the entry has the size as stored."""
    exif = Image.Exif()
    exif[0x0112] = 6
    pixels = np.random.default_rng(9).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(data.root / "images" / "a.png", exif=exif)


def copy_image(source: str, target: str, split: str = "train") -> Mutation:
    def copy(data: SmallCoco) -> None:
        shutil.copy(data.root / "images" / source, data.root / "images" / target)
        entry = {"id": 99, "file_name": target, "height": HEIGHT, "width": WIDTH}
        getattr(data, split)["images"].append(entry)

    return copy


def add_image(name: str, size: tuple[int, int]) -> Mutation:
    def add(data: SmallCoco) -> None:
        write_image(data.root / "images" / name, 77, size)
        entry = {"id": 99, "file_name": name, "height": size[0], "width": size[1]}
        data.train["images"].append(entry)

    return add


def twice(key: int) -> Mutation:
    """The first object again, as run lengths."""
    again = run_lengths(key, 3, 2, (slice(5, 25), slice(10, 30)))
    return lambda data: data.train["annotations"].append(again)


def class_without(split: str) -> Mutation:
    """No annotation of category 5 in a split."""

    def leave(data: SmallCoco) -> None:
        content = getattr(data, split)
        content["annotations"] = [a for a in content["annotations"] if a["category_id"] == 2]

    return leave


def nothing_annotated(data: SmallCoco) -> None:
    data.train["annotations"] = []


def val_categories(*entries: tuple[int, str]) -> Mutation:
    return lambda data: data.val.update(categories=[{"id": k, "name": n} for k, n in entries])


A = '3 "a.png"'
FAULTS = [
    # The files
    Fault("file-missing", TRAIN, "", damage=lambda d: d.file("train").unlink()),
    Fault("file-missing", VAL, "", damage=lambda d: d.file("val").unlink()),
    Fault("file-empty", TRAIN, "", damage=text(" \n")),
    Fault("json-syntax", TRAIN, "line 2, column 8", damage=text('{"images":\n[1, 2] x}')),
    Fault("json-syntax", TRAIN, "", damage=text('{"images": ' + "9" * 5000 + "}"), told="digits"),
    Fault("json-too-deep", TRAIN, "", damage=text('{"images": ' + "[" * 200_000)),
    Fault("json-encoding", TRAIN, "byte 1", damage=lambda d: d.file("train").write_bytes(b"{\xff")),
    Fault("json-not-object", TRAIN, "", damage=text("[1, 2]"), told="list"),
    Fault("key-missing", TRAIN, "annotations", lambda d: d.train.pop("annotations")),
    Fault("key-type", TRAIN, "images", lambda d: d.train.update(images={"a": 1})),
    Fault("entry-type", TRAIN, "annotations[4]", lambda d: d.train["annotations"].append(7)),
    # Image entries
    Fault("image-id", TRAIN, "images[1]", lambda d: d.train["images"][1].pop("id")),
    Fault("image-id", TRAIN, "images[1]", lambda d: d.train["images"][1].update(id="13")),
    Fault("image-id", TRAIN, "images[1]", lambda d: d.train["images"][1].update(id=1 << 70)),
    Fault("image-id-duplicate", TRAIN, "images[1]", lambda d: d.train["images"][1].update(id=3)),
    Fault("file-name", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "height": 4, "width": 4})),
    Fault("file-name", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "file_name": 8, "height": 4, "width": 4}), told="it is 8"),
    Fault("file-name", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "file_name": "\ud800.png", "height": 4, "width": 4})),
    Fault("file-name-duplicate", TRAIN, "images[3]", lambda d: d.train["images"].append(
        {"id": 5, "file_name": "./sub//c.png", "height": HEIGHT, "width": WIDTH})),
    Fault("file-name-outside", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "file_name": "sub/../../x.png", "height": 4, "width": 4})),
    Fault("file-name-outside", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "file_name": "/etc/x.png", "height": 4, "width": 4})),
    Fault("file-name-outside", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "file_name": "C:\\x.png", "height": 4, "width": 4})),
    Fault("file-name-backslash", TRAIN, "images[3].file_name", lambda d: d.train["images"].append(
        {"id": 5, "file_name": "sub\\x.png", "height": 4, "width": 4})),
    Fault("image-size-missing", TRAIN, "images[0].width", without("width", "images")),
    Fault("image-size-missing", TRAIN, "images[0].height", first("height", 40.5, "images")),
    Fault("image-size-missing", TRAIN, "images[0].height", first("height", 0, "images")),
    Fault("image-size-missing", TRAIN, "images[0].height", first("height", 10**12, "images")),
    # Image files
    Fault("image-missing", TRAIN, f"images[0] (image {A})",
          damage=lambda d: (d.root / "images/a.png").unlink()),
    Fault("image-missing", TRAIN, f"images[0] (image {A})", told='but "A.PNG"',
          damage=lambda d: (d.root / "images/a.png").rename(d.root / "images/A.PNG")),
    Fault("image-empty", TRAIN, f"images[0] (image {A})", damage=raw(b"")),
    Fault("image-unreadable", TRAIN, f"images[0] (image {A})", damage=truncate),
    Fault("image-unreadable", TRAIN, f"images[0] (image {A})", damage=raw(b"no image at all")),
    Fault("image-unreadable", TRAIN, f"images[0] (image {A})", damage=raw(b"\x89PNG\r\n\x1a\n")),
    Fault("image-size", TRAIN, 'images[1] (image 13 "b.png")',
          lambda d: d.train["images"][1].update(width=61),
          told="61 x 40, the file has 60 x 40"),
    Fault("image-turned", TRAIN, f"images[0] (image {A})", turn,
          told="60 x 40, upright the picture is 40 x 60"),
    Fault("image-tiny", TRAIN, 'images[3] (image 99 "dot.png")', add_image("dot.png", (1, 1))),
    Fault("image-unlisted", "images/x.png", "",
          lambda d: write_image(d.root / "images/x.png", 5)),
    Fault("images-none", VAL, "images", lambda d: d.val.update(images=[])),
    # Categories
    Fault("category-id", TRAIN, "categories[2]", lambda d: d.train["categories"].append(
        {"name": "x"})),
    Fault("category-id-duplicate", TRAIN, "categories[2]", lambda d: d.train["categories"].append(
        {"id": 5, "name": "x"})),
    Fault("category-name", TRAIN, "categories[1]", lambda d: d.train["categories"][1].pop("name")),
    Fault("category-name", TRAIN, "categories[0]", first("name", " ", "categories")),
    Fault("category-name", TRAIN, "categories[0]", first("name", "\ud800", "categories")),
    Fault("category-name", TRAIN, "categories[0]", first("name", 3, "categories"),
          told="name is 3"),
    Fault("category-name-duplicate", TRAIN, "categories[2]",
          lambda d: d.train["categories"].append({"id": 7, "name": "coin"})),
    Fault("categories-differ", VAL, "categories",
          val_categories((2, "coin"), (5, "cell"), (9, "z")),
          told="9 'z' only in validation"),
    Fault("categories-differ", VAL, "categories", val_categories((2, "cell"), (5, "coin")),
          told="2 is 'coin' in training and 'cell' in validation"),
    Fault("category-untrained", TRAIN, "categories[1]", class_without("train"), told="'cell'"),
    Fault("category-unmeasured", VAL, "categories[1]", class_without("val"), told="(id 5)"),
    Fault("annotations-none", TRAIN, "annotations", nothing_annotated),
    Fault("annotations-none-val", VAL, "annotations", lambda d: d.val.update(annotations=[])),
    # Annotations
    Fault("annotation-id", TRAIN, "annotations[0].id", without("id")),
    Fault("annotation-id", TRAIN, "annotations[0].id", first("id", True)),
    Fault("annotation-id-duplicate", TRAIN, "annotations[1].id (id 11, image 3",
          lambda d: d.train["annotations"][1].update(id=11)),
    Fault("annotation-image", TRAIN, "annotations[3].image_id",
          lambda d: d.train["annotations"][3].update(image_id=77)),
    Fault("annotation-category", TRAIN, "annotations[1].category_id",
          lambda d: d.train["annotations"].insert(1, polygon(50, 3, 77, [[1, 1, 5, 1, 5, 5]]))),
    Fault("annotation-duplicate", TRAIN, "annotations[4] (id 50", twice(50)),
    Fault("annotation-ignored", TRAIN, "annotations[0].ignore", first("ignore", 1)),
    Fault("crowd-missing", TRAIN, "annotations[0].iscrowd", without("iscrowd")),
    Fault("crowd-type", TRAIN, "annotations[0].iscrowd", first("iscrowd", 2)),
    Fault("crowd-polygon", TRAIN, "annotations[0].segmentation", first("iscrowd", 1)),
    # Boxes and areas
    Fault("box-missing", TRAIN, "annotations[0].bbox", without("bbox")),
    Fault("box-type", TRAIN, "annotations[0].bbox", first("bbox", [1, 2, 3])),
    Fault("box-type", TRAIN, "annotations[0].bbox", first("bbox", [10, 5, float("nan"), 20])),
    Fault("box-type", TRAIN, "annotations[0].bbox", first("bbox", [10, 5, 10**30, 20])),
    Fault("box-size", TRAIN, "annotations[0].bbox", first("bbox", [30, 5, -20, 20])),
    Fault("box-size", TRAIN, "annotations[0].bbox", first("bbox", [10, 5, 0, 20])),
    Fault("box-outside", TRAIN, "annotations[0].bbox", first("bbox", [70, 5, 20, 20])),
    Fault("box-crosses-edge", TRAIN, "annotations[0].bbox", first("bbox", [10, 5, 20, 60])),
    Fault("box-misfit", TRAIN, "annotations[0].bbox", first("bbox", [10, 5, 30, 25]),
          told="the mask's [10, 5, 20, 20]"),
    Fault("area-missing", TRAIN, "annotations[0].area", without("area")),
    Fault("area-type", TRAIN, "annotations[0].area", first("area", 0)),
    Fault("area-type", TRAIN, "annotations[0].area", first("area", float("inf"))),
    Fault("area-misfit", TRAIN, "annotations[0].area", first("area", 900), told="400 pixels"),
    # Masks
    Fault("segmentation-missing", TRAIN, "annotations[0].segmentation", without("segmentation")),
    Fault("segmentation-type", TRAIN, "annotations[0].segmentation", first("segmentation", "x")),
    Fault("segmentation-type", TRAIN, "annotations[0].segmentation",
          first("segmentation", [10, 5, 30, 5, 30, 25])),
    Fault("segmentation-type", TRAIN, "annotations[0].segmentation", first("segmentation", {})),
    Fault("segmentation-empty", TRAIN, "annotations[0].segmentation", first("segmentation", [])),
    Fault("polygon-type", TRAIN, "annotations[0].segmentation[0][3]", outline(1, 2, 3, float("nan"),
          5, 6)),
    Fault("polygon-odd", TRAIN, "annotations[0].segmentation[0]", outline(1, 1, 9, 1, 9, 9, 5)),
    Fault("polygon-short", TRAIN, "annotations[0].segmentation[0]", outline(1, 1, 9, 9),
          told="2 points"),
    Fault("polygon-flat", TRAIN, "annotations[0].segmentation[0]", outline(1, 1, 5, 5, 9, 9, 3, 3)),
    Fault("polygon-outside", TRAIN, "annotations[0].segmentation[0]",
          outline(100, 5, 120, 5, 120, 25)),
    Fault("polygon-outside", TRAIN, "annotations[0].segmentation[0]",
          outline(10, 5, 1e15, 5, 30, 25)),
    Fault("polygon-crosses-edge", TRAIN, "annotations[0].segmentation[0]",
          lambda d: d.train["annotations"].__setitem__(
              0, polygon(11, 3, 2, [[30, 5, 80, 5, 80, 25, 30, 25]]))),
    Fault("polygon-crosses-itself", TRAIN, "annotations[0].segmentation[0]",
          lambda d: d.train["annotations"].__setitem__(
              0, polygon(11, 3, 2, [[10, 5, 30, 25, 30, 5, 10, 25]])),
          told="sides 0 (10,5 to 30,25) and 2 (30,5 to 10,25) cross"),
    Fault("rle-size", TRAIN, "annotations[3].segmentation.size",
          lambda d: d.train["annotations"][3]["segmentation"].update(size=[WIDTH, HEIGHT]),
          told="swapped"),
    Fault("rle-size", TRAIN, "annotations[3].segmentation.size",
          lambda d: d.train["annotations"][3]["segmentation"].update(size=[10**9, 10**9])),
    Fault("rle-counts", TRAIN, "annotations[3].segmentation.counts", counts([100, 20, 30]),
          told="150 pixels, the image has 2400"),
    Fault("rle-counts", TRAIN, "annotations[3].segmentation.counts", counts([2500, -100])),
    Fault("rle-counts", TRAIN, "annotations[3].segmentation.counts", counts([2399, 10**40])),
    Fault("rle-broken", TRAIN, "annotations[3].segmentation.counts", counts("U3\x01")),
    Fault("rle-broken", TRAIN, "annotations[3].segmentation.counts", counts("U3o"), told="middle"),
    Fault("rle-broken", TRAIN, "annotations[3].segmentation.counts", counts("o" * 5000 + "0")),
    Fault("mask-empty", TRAIN, "annotations[3].segmentation.counts", counts([HEIGHT * WIDTH])),
    Fault("mask-empty", TRAIN, "annotations[0].segmentation", outline(1.1, 1.1, 1.2, 1.1, 1.2,
          1.2)),
    # Leakage
    Fault("leak-file", VAL, "images[1]", lambda d: d.val["images"].append(
        {"id": 99, "file_name": "b.png", "height": HEIGHT, "width": WIDTH})),
    Fault("leak-content", VAL, "images[1]", copy_image("b.png", "y.png", "val"), told='"b.png"'),
    Fault("image-repeated", TRAIN, "images[3]", copy_image("b.png", "y.png"), told='"b.png"'),
]  # fmt: skip


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.code)
def test_a_fault_is_reported_with_its_place(fault: Fault, tmp_path: Path) -> None:
    data = SmallCoco(tmp_path / "data")
    fault.mutate(data)
    data.write()
    fault.damage(data)
    report = check_dataset(data.root, tmp_path / "out", num_workers=2)
    expected = _also_told(fault)
    found = {problem.code for problem in report.problems}
    assert found - expected == {fault.code}, report.text()
    (problem,) = (problem for problem in report.problems if problem.code == fault.code)
    assert problem.file == fault.file
    assert problem.place.startswith(fault.place)
    assert fault.told in problem.message
    assert problem.severity == KINDS[fault.code].severity
    assert problem.remedy == KINDS[fault.code].remedy
    assert report.passed == (problem.severity == "warning" and not expected & _ERRORS & found)
    assert str(problem) in report.text()
    written = json.loads((tmp_path / "out/check_dataset/problems.json").read_text())
    assert problem.to_dict() in written["problems"]
    assert (tmp_path / "out/check_dataset/histogram.png").exists() == report.passed


_ERRORS = {code for code, kind in KINDS.items() if kind.severity == "error"}


def _also_told(fault: Fault) -> set[str]:
    """What follows from a fault by necessity, and is told too."""
    follows = {
        "images-none": {"annotation-image", "image-unlisted"},
        "category-name": {"categories-differ"},
        "category-id": {"categories-differ"},
        "category-name-duplicate": {"categories-differ", "category-untrained"},
        "image-missing": {"image-unlisted"},
        "categories-differ": {"category-unmeasured"},
    }
    return follows.get(fault.code, set())


def test_the_table_has_every_kind() -> None:
    elsewhere = {
        "dataset-missing", "images-folder-missing", "images-folder-ambiguous", "categories-none",
        "num-classes", "image-huge", "image-mode", "images-empty", "file-unreadable",
    }  # fmt: skip
    assert {fault.code for fault in FAULTS} | elsewhere == set(KINDS)
