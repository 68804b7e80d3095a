"""A small valid data set in COCO's layout, to be damaged by tests.

Training: a.png with a polygon and a crowd, b.png empty, sub/c.png with two parts and run lengths.
Validation: d.png with one object of each class. Category ids are 2 and 5.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco_mask

HEIGHT, WIDTH = 40, 60
NAMES = {"train": ("a.png", "b.png", "sub/c.png"), "val": ("d.png",)}
CATEGORIES = [{"id": 2, "name": "coin"}, {"id": 5, "name": "cell", "supercategory": "life"}]


class SmallCoco:
    """train, val: the contents of the annotation files, written by `write`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        (root / "images" / "sub").mkdir(parents=True)
        (root / "annotations").mkdir()
        for seed, name in enumerate(name for own in NAMES.values() for name in own):
            write_image(root / "images" / name, seed)
        self.train = _content("train")
        self.val = _content("val")
        a, _, c = self.train["images"]
        self.train["annotations"] = [
            polygon(11, a["id"], 2, [[10, 5, 30, 5, 30, 25, 10, 25]]),
            crowd(12, a["id"], 5),
            polygon(13, c["id"], 5, [[2, 2, 12, 2, 7, 14], [20, 20, 30, 20, 30, 30, 20, 30]]),
            run_lengths(14, c["id"], 2, (slice(5, 20), slice(40, 55))),
        ]
        (d,) = self.val["images"]
        self.val["annotations"] = [
            polygon(1, d["id"], 2, [[1, 1, 20, 1, 20, 20, 1, 20]]),
            run_lengths(2, d["id"], 5, (slice(25, 39), slice(5, 50))),
        ]

    def file(self, split: str) -> Path:
        return self.root / "annotations" / f"instance_{split}.json"

    def write(self) -> Path:
        for split, content in (("train", self.train), ("val", self.val)):
            self.file(split).write_text(json.dumps(content))
        return self.root


def write_image(path: Path, seed: int, size: tuple[int, int] = (HEIGHT, WIDTH)) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(path)


def _content(split: str) -> dict[str, Any]:
    images = [
        {"id": 10 * number + 3, "file_name": name, "height": HEIGHT, "width": WIDTH}
        for number, name in enumerate(NAMES[split])
    ]
    return {"images": images, "annotations": [], "categories": [dict(c) for c in CATEGORIES]}


def _entry(key: int, image: int, category: int, segmentation: Any, rle: Any) -> dict[str, Any]:
    return {
        "id": key,
        "image_id": image,
        "category_id": category,
        "bbox": coco_mask.toBbox(rle).tolist(),
        "area": int(coco_mask.area(rle)),
        "iscrowd": 0,
        "segmentation": segmentation,
    }


def polygon(key: int, image: int, category: int, parts: list[list[float]]) -> dict[str, Any]:
    rle = coco_mask.merge(coco_mask.frPyObjects(parts, HEIGHT, WIDTH))
    return _entry(key, image, category, parts, rle)


def run_lengths(key: int, image: int, category: int, place: tuple[slice, slice]) -> dict[str, Any]:
    """COCO's compressed form."""
    mask = np.zeros((HEIGHT, WIDTH), np.uint8, "F")
    mask[place] = 1
    rle = coco_mask.encode(mask)
    stored = {"size": [HEIGHT, WIDTH], "counts": rle["counts"].decode()}
    return _entry(key, image, category, stored, rle)


def crowd(key: int, image: int, category: int) -> dict[str, Any]:
    """Columns 40 to 49, as a list of run lengths."""
    counts = [40 * HEIGHT, 10 * HEIGHT, 10 * HEIGHT]
    rle = coco_mask.frPyObjects({"size": [HEIGHT, WIDTH], "counts": counts}, HEIGHT, WIDTH)
    stored = {"size": [HEIGHT, WIDTH], "counts": counts}
    return _entry(key, image, category, stored, rle) | {"iscrowd": 1}
