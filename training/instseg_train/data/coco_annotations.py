"""COCO's JSON of instances -> what training uses of it."""

from __future__ import annotations

import json
import math
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from instseg.errors import InvalidArgument
from instseg_train.data.image_record import ImageRecord
from instseg_train.data.shapes.polygons import Polygons, polygon_part
from instseg_train.data.shapes.run_lengths import run_lengths

# Sides of a box up to this are none (PaddleDetection coco.py).
LEAST_SIDE = 1e-5


@dataclass(frozen=True)
class Annotations:
    """records: all images by rising id. left_out: reason -> number of annotations."""

    category_ids: tuple[int, ...]
    class_names: tuple[str, ...]
    records: list[ImageRecord]
    left_out: Counter[str]


def read_annotations(path: Path, image_folder: Path) -> Annotations:
    """Reads `instance_*.json`. Single annotations that are no use are counted and left out, as
    PaddleDetection does; a file that is damaged as a whole raises InvalidArgument."""
    content = _load(path)
    try:
        names = {int(row["id"]): str(row["name"]) for row in content["categories"]}
        images = {int(row["id"]): row for row in content["images"]}
        sizes = {key: (int(row["height"]), int(row["width"])) for key, row in images.items()}
        files = {
            key: os.path.join(image_folder, str(row["file_name"])) for key, row in images.items()
        }
        by_image: dict[int, list[Mapping[str, Any]]] = {key: [] for key in images}
        left_out: Counter[str] = Counter()
        for row in content["annotations"]:
            if int(row["image_id"]) in by_image:
                by_image[int(row["image_id"])].append(row)
            else:
                left_out["annotation of an image that is not in the file"] += 1
        ids = tuple(sorted(names))
        class_ids = {category: index for index, category in enumerate(ids)}
        records = []
        for key in sorted(images):
            objects = _Objects(sizes[key], class_ids, left_out)
            for row in by_image[key]:
                objects.add(row)
            records.append(objects.record(files[key], key))
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, InvalidArgument):
            raise InvalidArgument(f"{path}: {error}") from error
        raise InvalidArgument(
            f"{path} is no COCO annotation file: {type(error).__name__} {error}; run the mode "
            "check_dataset, which says where"
        ) from error
    if not names:
        raise InvalidArgument(f"{path} has no categories")
    return Annotations(ids, tuple(names[key] for key in ids), records, left_out)


def _load(path: Path) -> Mapping[str, Any]:
    try:
        with open(path, encoding="utf-8-sig") as file:
            content = json.load(file)
    except FileNotFoundError as error:
        raise InvalidArgument(
            f"there is no annotation file {path}; a data set has "
            "annotations/instance_train.json, annotations/instance_val.json and images/"
        ) from error
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"{path} is no JSON file that can be read: {error}") from error
    if not isinstance(content, dict):
        raise InvalidArgument(f"{path} is no COCO annotation file: it is no JSON object")
    return content


@dataclass
class _Objects:
    """The objects of one image."""

    size: tuple[int, int]
    classes: Mapping[int, int]
    left_out: Counter[str]
    boxes: list[list[float]] = field(default_factory=list)
    class_ids: list[int] = field(default_factory=list)
    crowd: list[bool] = field(default_factory=list)
    outlines: list[Polygons | bytes] = field(default_factory=list)

    def add(self, row: Mapping[str, Any]) -> None:
        category = row["category_id"]
        if category not in self.classes:
            raise InvalidArgument(
                f"annotation {row.get('id')} is of category {category!r}, which is not listed"
            )
        if row.get("ignore"):
            self.left_out["annotation marked `ignore`"] += 1
            return
        box = _box(row.get("bbox"))
        if box is None or not row.get("area", 1) > 0:
            self.left_out["annotation whose box has no area"] += 1
            return
        outline = _outline(row.get("segmentation"), self.size)
        if outline is None:
            self.left_out["annotation without a usable outline"] += 1
            return
        self.boxes.append(box)
        self.class_ids.append(self.classes[category])
        self.crowd.append(bool(row.get("iscrowd", 0)))
        self.outlines.append(outline)

    def record(self, path: str, image_id: int) -> ImageRecord:
        return ImageRecord(
            path=path,
            image_id=image_id,
            size=self.size,
            boxes=np.array(self.boxes, np.float32).reshape(-1, 4),
            class_ids=np.array(self.class_ids, np.int64),
            crowd=np.array(self.crowd, np.bool_),
            outlines=self.outlines,
        )


def _box(value: Any) -> list[float] | None:
    """x, y, width, height -> x1, y1, x2, y2, to a thousandth; None if there is none."""
    if not isinstance(value, list) or len(value) != 4:
        return None
    x, y, width, height = (float(number) for number in value)
    if not all(map(math.isfinite, (x, y, width, height))) or min(width, height) <= LEAST_SIDE:
        return None
    return [round(edge, 3) for edge in (x, y, x + width, y + height)]


def _outline(value: Any, size: tuple[int, int]) -> Polygons | bytes | None:
    """COCO's `segmentation`: parts, or run lengths as a list or as compressed counts."""
    if isinstance(value, dict):
        return _run_lengths(value, size)
    if not isinstance(value, list):
        return None
    parts = [polygon_part(part, size) for part in value if isinstance(part, list)]
    usable = [part for part in parts if part is not None]
    return Polygons(usable) if usable else None


def _run_lengths(value: Mapping[str, Any], size: tuple[int, int]) -> bytes | None:
    """The compressed counts; None if they do not fill an image of this size."""
    if tuple(value["size"]) != size:
        return None
    counts = value["counts"]
    if isinstance(counts, list):
        lengths = np.array(counts, np.int64)
    else:
        counts = counts.encode() if isinstance(counts, str) else bytes(counts)
        try:
            lengths = run_lengths(counts)
        except InvalidArgument:
            return None
    if (lengths < 0).any() or lengths.sum() != size[0] * size[1]:
        return None
    if isinstance(counts, bytes):
        return counts
    return bytes(coco_mask.frPyObjects({"size": list(size), "counts": counts}, *size)["counts"])
