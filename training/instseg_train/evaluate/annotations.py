"""Reads what a data set says is in its images, and checks it before anything is computed."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from instseg.errors import InvalidArgument

REMEDY = "`instseg check-dataset` lists every fault of a data set"


@dataclass(frozen=True)
class TruthImage:
    """file_name is relative to the data set's `images/`."""

    file_name: str
    height: int
    width: int


@dataclass(frozen=True)
class Truth:
    """The content of an annotation file.

    images       image id -> the image, in the order of the ids
    categories   category id -> name, in the order of the ids
    objects      COCO's annotations, as COCOeval takes them: `id` from 1 in the file's order (to
                 COCOeval 0 means "none"), `image_id`, `category_id`, `bbox` [x, y, w, h], `area`,
                 `iscrowd` 0 or 1, `segmentation` always as run lengths
    """

    images: Mapping[int, TruthImage]
    categories: Mapping[int, str]
    objects: tuple[dict[str, Any], ...]


def read_annotations(annotation_file: str | os.PathLike[str]) -> Truth:
    """COCO's JSON of instances.

    Objects without `area` or `bbox` get those of their mask; `iscrowd` is 0 where it is missing.

    Raises InvalidArgument, which names the first entry that cannot be evaluated.
    """
    file = Path(annotation_file)
    content = _content(file)
    images: dict[int, TruthImage] = {}
    for place, entry in _entries(file, content, "images"):
        key = _whole(file, place, entry, "id")
        if key in images:
            raise _fault(file, place, f"another image has the id {key} already")
        name = entry.get("file_name")
        if not isinstance(name, str) or not name:
            raise _fault(file, place, f"file_name is {name!r}, expected the name of a file")
        height, width = (_whole(file, place, entry, side) for side in ("height", "width"))
        if min(height, width) < 1:
            raise _fault(file, place, f"the size is {width} x {height} pixels")
        images[key] = TruthImage(name, height, width)
    categories: dict[int, str] = {}
    for place, entry in _entries(file, content, "categories"):
        key = _whole(file, place, entry, "id")
        if key in categories:
            raise _fault(file, place, f"another category has the id {key} already")
        if not isinstance(entry.get("name"), str):
            raise _fault(file, place, f"name is {entry.get('name')!r}, expected a text")
        categories[key] = entry["name"]
    if not images or not categories:
        raise InvalidArgument(f"{file} has no {'images' if not images else 'categories'}")
    objects = tuple(
        _object(file, place, entry, number, images, categories)
        for number, (place, entry) in enumerate(_entries(file, content, "annotations"), 1)
    )
    return Truth(dict(sorted(images.items())), dict(sorted(categories.items())), objects)


def _content(file: Path) -> dict[str, Any]:
    if not file.is_file():
        raise InvalidArgument(
            f"there is no annotation file {file}; a data set has images/ and "
            "annotations/instance_train.json, annotations/instance_val.json"
        )
    try:
        content = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"{file} cannot be read as JSON: {error}") from error
    if not isinstance(content, dict):
        raise InvalidArgument(
            f"{file} is no COCO annotation file: it holds a {type(content).__name__}, expected an "
            "object with images, annotations and categories"
        )
    return content


def _entries(file: Path, content: dict[str, Any], key: str) -> list[tuple[str, dict[str, Any]]]:
    """The entries of a list, each with its place for messages."""
    entries = content.get(key)
    if not isinstance(entries, list):
        raise InvalidArgument(f"{file} is no COCO annotation file: {key!r} is not a list")
    placed = []
    for position, entry in enumerate(entries):
        place = f"{key}[{position}]"
        if not isinstance(entry, dict):
            raise _fault(file, place, f"it is a {type(entry).__name__}, expected an object")
        placed.append((f"{place} (id {entry['id']})" if "id" in entry else place, entry))
    return placed


def _object(
    file: Path,
    place: str,
    entry: dict[str, Any],
    number: int,
    images: Mapping[int, TruthImage],
    categories: Mapping[int, str],
) -> dict[str, Any]:
    image_id, category_id = (_whole(file, place, entry, key) for key in ("image_id", "category_id"))
    if image_id not in images:
        raise _fault(file, place, f"there is no image with the id {image_id}")
    if category_id not in categories:
        raise _fault(file, place, f"there is no category with the id {category_id}")
    crowd = entry.get("iscrowd", 0)
    if crowd not in (0, 1):
        raise _fault(file, place, f"iscrowd is {crowd!r}, expected 0 or 1")
    try:
        run_lengths = _run_lengths(entry.get("segmentation"), images[image_id])
    except (ValueError, TypeError, KeyError, IndexError, OverflowError) as error:
        raise _fault(file, place, f"the segmentation is of no use: {error}") from error
    box = entry.get("bbox")
    box = coco_mask.toBbox(run_lengths).tolist() if box is None else _box(file, place, box)
    area = entry.get("area")
    if area is None:
        area = float(coco_mask.area(run_lengths))
    elif not _is_number(area):
        raise _fault(file, place, f"area is {area!r}, expected a number")
    return {
        "id": number,
        "image_id": image_id,
        "category_id": category_id,
        "bbox": box,
        "area": area,
        "iscrowd": int(crowd),
        "segmentation": run_lengths,
    }


def _run_lengths(segmentation: Any, image: TruthImage) -> dict[str, Any]:
    """Polygons or run lengths -> compressed run lengths. Raises ValueError and such."""
    height, width = image.height, image.width
    if isinstance(segmentation, list):
        if not segmentation:
            raise ValueError("it is empty")
        for part in segmentation:
            if not isinstance(part, list) or not all(map(_is_number, part)):
                raise ValueError("a polygon is not a list of numbers")
            if len(part) < 6 or len(part) % 2:
                raise ValueError(f"a polygon has {len(part)} numbers, expected x, y of 3 or more")
        merged: dict[str, Any] = coco_mask.merge(coco_mask.frPyObjects(segmentation, height, width))
        return merged
    if not isinstance(segmentation, dict):
        raise ValueError(f"it is {segmentation!r:.40}, expected polygons or run lengths")
    if list(segmentation["size"]) != [height, width]:
        raise ValueError(
            f"its size [height, width] is {segmentation['size']}, the image's {[height, width]}"
        )
    counts = segmentation["counts"]
    if isinstance(counts, list):
        whole = all(type(run) is int and run >= 0 for run in counts)
        if not whole or sum(counts) != height * width:
            raise ValueError("the run lengths do not add up to the image")
        encoded: dict[str, Any] = coco_mask.frPyObjects(segmentation, height, width)
        return encoded
    if not isinstance(counts, str) or int(_runs(counts).sum()) != height * width:
        raise ValueError("the run lengths do not add up to the image")
    return {"size": [height, width], "counts": counts}


def _runs(counts: str) -> np.ndarray[Any, np.dtype[np.int64]]:
    """The run lengths in COCO's compressed text (5 bits a character, the sixth: more follow; from
    the fourth on, differences to the one before the last). Source: `rleFrString` of pycocotools."""
    runs: list[int] = []
    value = shift = 0
    for character in counts:
        code = ord(character) - 48
        if not 0 <= code < 64:
            raise ValueError(f"{character!r} is no part of run lengths")
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20:
            continue
        if code & 0x10:
            value -= 1 << shift
        if len(runs) > 2:
            value += runs[-2]
        if value < 0:
            raise ValueError("a run is shorter than nothing")
        runs.append(value)
        value = shift = 0
    if shift:
        raise ValueError("the run lengths are cut off")
    return np.asarray(runs, np.int64)


def _box(file: Path, place: str, box: Any) -> list[float]:
    if not isinstance(box, list) or len(box) != 4 or not all(map(_is_number, box)):
        raise _fault(file, place, f"bbox is {box!r:.60}, expected four numbers x, y, w, h")
    return box


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and bool(np.isfinite(value))


def _whole(file: Path, place: str, entry: dict[str, Any], key: str) -> int:
    value = entry.get(key)
    if type(value) is not int:
        raise _fault(file, place, f"{key} is {value!r:.60}, expected a whole number")
    return value


def _fault(file: Path, place: str, what: str) -> InvalidArgument:
    return InvalidArgument(f"{file}, {place}: {what}. {REMEDY}")
