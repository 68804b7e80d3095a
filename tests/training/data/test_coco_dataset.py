"""What is read of a data set, and what is said of the rest."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask
from written_coco import SQUARE, annotation, write_coco

from instseg.errors import ImageError, InvalidArgument
from instseg_train.data import CocoDataset, Sample

TOO_SHORT = coco_mask.encode(np.zeros((10, 10), np.uint8, order="F"))["counts"].decode()


def masks_of(sample: Sample) -> np.ndarray[Any, Any]:
    masks = np.zeros((len(sample), *sample.size), np.uint8)
    for mask, shape in zip(masks, sample.shapes, strict=True):
        shape.draw(mask)
    return masks


def square_mask() -> np.ndarray[Any, Any]:
    return np.asarray(coco_mask.decode(coco_mask.frPyObjects(SQUARE, 48, 64))[..., 0])


def test_classes_are_the_places_of_the_sorted_category_ids(tmp_path: Path) -> None:
    categories = [{"id": 90, "name": "c"}, {"id": 3, "name": "a"}, {"id": 7, "name": "b"}]
    rows = [annotation(1, n, category_id=key) for n, key in enumerate((7, 90, 3), 1)]
    dataset = CocoDataset(write_coco(tmp_path, rows, categories=categories), "train")
    assert dataset.category_ids == (3, 7, 90)
    assert dataset.class_names == ("a", "b", "c")
    assert dataset.sample(0).class_ids.tolist() == [1, 2, 0]


def test_a_sample_holds_the_files_pixels_and_its_objects(tmp_path: Path) -> None:
    dataset = CocoDataset(write_coco(tmp_path, [annotation(1)]), "train")
    sample = dataset.sample(0)
    assert np.array_equal(sample.image, np.asarray(Image.open(tmp_path / "images" / "001.png")))
    assert sample.boxes.tolist() == [[10, 12, 30, 28]]
    assert (sample.boxes.dtype, sample.class_ids.dtype) == (np.float32, np.int64)
    assert (sample.original, sample.image_id) == ((48, 64), 1)
    assert np.array_equal(masks_of(sample)[0], square_mask())


@pytest.mark.parametrize("form", ["compressed", "bytes as text", "list"])
def test_run_lengths_are_the_same_object_as_the_polygon(tmp_path: Path, form: str) -> None:
    runs = coco_mask.encode(np.asfortranarray(square_mask()))
    counts: Any = runs["counts"].decode()
    if form == "list":
        flat = square_mask().ravel(order="F")
        changes = np.flatnonzero(np.diff(flat)) + 1
        counts = np.diff([0, *changes, len(flat)]).tolist()
    row = annotation(1, segmentation={"size": [48, 64], "counts": counts})
    dataset = CocoDataset(write_coco(tmp_path, [row]), "train")
    assert np.array_equal(masks_of(dataset.sample(0))[0], square_mask())


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"ignore": 1}, "annotation marked `ignore`"),
        ({"bbox": None}, "annotation whose box has no area"),
        ({"bbox": [0, 0, 0, 0]}, "annotation whose box has no area"),
        ({"bbox": [5, 5, -3, 4]}, "annotation whose box has no area"),
        ({"bbox": [5, 5, float("nan"), 4]}, "annotation whose box has no area"),
        ({"area": 0}, "annotation whose box has no area"),
        ({"segmentation": None}, "annotation without a usable outline"),
        ({"segmentation": []}, "annotation without a usable outline"),
        ({"segmentation": [[1, 1, 5, 5]]}, "annotation without a usable outline"),
        ({"segmentation": [[1, 1, 5, 5, 9]]}, "annotation without a usable outline"),
        ({"segmentation": [[1, 1, 5, 5, 9, 1e9]]}, "annotation without a usable outline"),
        ({"segmentation": {"size": [64, 48], "counts": [3072]}}, "annotation without a usable"),
        ({"segmentation": {"size": [48, 64], "counts": [5, 5]}}, "annotation without a usable"),
        ({"segmentation": {"size": [48, 64], "counts": TOO_SHORT}}, "annotation without a usable"),
        ({"segmentation": {"size": [48, 64], "counts": "P~é"}}, "annotation without a usable"),
        ({"image_id": 9}, "annotation of an image that is not in the file"),
    ],
)
def test_unusable_annotations_are_left_out_and_counted(
    tmp_path: Path, changes: dict[str, Any], reason: str
) -> None:
    rows = [annotation(1, 1), {**annotation(1, 2), **changes}]
    dataset = CocoDataset(write_coco(tmp_path, rows), "train")
    assert len(dataset.sample(0)) == 1
    assert [count for key, count in dataset.left_out.items() if key.startswith(reason)] == [1]
    assert dataset.left_out_text().startswith(f"1 x {reason}")


def test_crowds_are_kept_as_such_but_are_no_objects(tmp_path: Path) -> None:
    crowd = {"size": [48, 64], "counts": [100, 50, 2922]}
    rows = [
        annotation(1, 1),
        annotation(1, 2, iscrowd=1, segmentation=crowd),
        annotation(2, 3, iscrowd=1, segmentation=crowd),
    ]
    dataset = CocoDataset(write_coco(tmp_path, rows, images=2), "train")
    assert dataset.sample(0).crowd.tolist() == [False, True]
    assert len(dataset) == 1
    assert dataset.left_out["image without objects"] == 1
    assert len(dataset.records[0].read(crowds=False)) == 1


def test_images_without_objects_stay_if_asked_for(tmp_path: Path) -> None:
    folder = write_coco(tmp_path, [annotation(2)], images=3)
    assert [r.image_id for r in CocoDataset(folder, "train").records] == [2]
    dataset = CocoDataset(folder, "train", allow_empty=True)
    assert [len(dataset.sample(i)) for i in range(3)] == [0, 1, 0]


def test_nothing_to_learn_from_says_why(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation(1, area=0)])
    with pytest.raises(InvalidArgument, match=r"no image with a usable object.*1 x annotation"):
        CocoDataset(tmp_path, "train")


def test_missing_images_are_named_at_once(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation(1), annotation(2)], images=2)
    (tmp_path / "images" / "002.png").unlink()
    with pytest.raises(ImageError, match=r"1 of 2 images do not exist: .*002\.png"):
        CocoDataset(tmp_path, "train")


def test_an_unreadable_image_is_named(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation(1)])
    (tmp_path / "images" / "001.png").write_bytes(b"\x89PNG\r\n\x1a\n nothing more")
    with pytest.raises(ImageError, match=r"001\.png"):
        CocoDataset(tmp_path, "train").sample(0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "no JSON file"),
        ("[]", "no JSON object"),
        ('{"images": []}', "no COCO annotation file: KeyError 'categories'"),
        ('{"images": [], "annotations": [], "categories": []}', "no categories"),
    ],
)
def test_damaged_annotation_files_are_refused(tmp_path: Path, content: str, message: str) -> None:
    write_coco(tmp_path, [annotation(1)])
    path = tmp_path / "annotations" / "instance_train.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(InvalidArgument, match=message):
        CocoDataset(tmp_path, "train")


def test_an_unknown_category_is_named(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation(1, 5, category_id=77)])
    with pytest.raises(InvalidArgument, match=r"annotation 5 is of category 77"):
        CocoDataset(tmp_path, "train")


def test_a_missing_split_says_what_a_data_set_has(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation(1)])
    with pytest.raises(InvalidArgument, match=r"instance_val\.json"):
        CocoDataset(tmp_path, "val")


def turned_jpeg(path: Path, orientation: int) -> np.ndarray[Any, Any]:
    """Writes 48 x 64 pixels with an EXIF orientation; returns them as stored."""
    ramp = np.linspace(0, 255, 48 * 64).reshape(48, 64)
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(np.stack([ramp] * 3, 2).astype(np.uint8)).save(path, exif=exif, quality=95)
    with Image.open(path) as image:
        return np.asarray(image)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_pictures_follow_the_size_of_the_annotations(
    tmp_path: Path, orientation: int
) -> None:
    """Upright where it has the annotations' size; as stored if only that has it."""
    write_coco(tmp_path, [annotation(1)])
    stored = turned_jpeg(tmp_path / "images" / "001.png", orientation)
    upright = {
        1: stored,
        2: stored[:, ::-1],
        3: stored[::-1, ::-1],
        4: stored[::-1],
        5: stored.transpose(1, 0, 2),
        6: stored.transpose(1, 0, 2)[:, ::-1],
        7: stored[::-1, ::-1].transpose(1, 0, 2),
        8: stored.transpose(1, 0, 2)[::-1],
    }[orientation]
    lying = orientation >= 5
    sample = CocoDataset(tmp_path, "train").sample(0)
    assert np.array_equal(sample.image, stored if lying else upright)
    if lying:
        path = tmp_path / "annotations" / "instance_train.json"
        content = json.loads(path.read_text())
        content["images"][0].update(height=64, width=48)
        path.write_text(json.dumps(content))
        assert np.array_equal(CocoDataset(tmp_path, "train").sample(0).image, upright)


def test_an_image_of_another_size_is_refused(tmp_path: Path) -> None:
    write_coco(tmp_path, [annotation(1)])
    Image.new("RGB", (65, 48)).save(tmp_path / "images" / "001.png")
    with pytest.raises(ImageError, match=r"65 x 48 pixels.*annotations are for 64 x 48"):
        CocoDataset(tmp_path, "train").sample(0)
