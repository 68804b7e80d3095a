"""The drawn data set on disk."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco_mask

from instseg.errors import InvalidArgument
from instseg_train.dataset.demo_dataset import write_demo_dataset
from instseg_train.dataset.synthetic_scene import SceneOptions, draw_scene

OPTIONS = SceneOptions(height=80, width=112)


def test_annotations_hold_the_exact_masks(tmp_path: Path) -> None:
    folder = write_demo_dataset(
        tmp_path / "demo", train_images=3, val_images=2, options=OPTIONS, seed=4
    )
    for part, (split, count) in enumerate((("train", 3), ("val", 2))):
        content = json.loads((folder / "annotations" / f"instance_{split}.json").read_text())
        assert [category["name"] for category in content["categories"]] == ["coin", "cell"]
        assert len(content["images"]) == count
        for number, entry in enumerate(content["images"]):
            scene = draw_scene(np.random.default_rng([4, part, number]), OPTIONS)
            own = [a for a in content["annotations"] if a["image_id"] == entry["id"]]
            assert [a["category_id"] - 1 for a in own] == list(scene.class_ids)
            for annotation, mask in zip(own, scene.masks, strict=True):
                decoded = coco_mask.decode(annotation["segmentation"])
                assert np.array_equal(decoded.astype(bool), mask)
                assert annotation["area"] == np.count_nonzero(mask)
                assert annotation["bbox"] == coco_mask.toBbox(annotation["segmentation"]).tolist()
            with Image.open(folder / "images" / entry["file_name"]) as picture:
                assert picture.size == (entry["width"], entry["height"])
                apart = np.asarray(picture).astype(int) - scene.image
            assert np.abs(apart).mean() < 12  # JPEG


def test_a_larger_data_set_begins_with_the_smaller(tmp_path: Path) -> None:
    small = write_demo_dataset(tmp_path / "a", train_images=1, val_images=1, options=OPTIONS)
    large = write_demo_dataset(tmp_path / "b", train_images=2, val_images=1, options=OPTIONS)
    name = "images/train_00000.jpg"
    assert (small / name).read_bytes() == (large / name).read_bytes()


def test_an_existing_folder_stays_unless_it_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "demo").mkdir()
    (tmp_path / "demo" / "mine.txt").write_text("kept")
    with pytest.raises(InvalidArgument, match="exists already"):
        write_demo_dataset(tmp_path / "demo", train_images=1, val_images=1, options=OPTIONS)
    assert (tmp_path / "demo" / "mine.txt").read_text() == "kept"
    with pytest.raises(InvalidArgument, match="val_images is 0"):
        write_demo_dataset(tmp_path / "other", val_images=0)
    assert not (tmp_path / "other").exists()
