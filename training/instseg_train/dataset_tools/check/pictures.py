"""The first images of a data set with their annotations, drawn as predictions are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont
from pycocotools import mask as coco_mask

from instseg import Mask, Result
from instseg.class_colors import class_color, text_color
from instseg.drawing import draw_instances
from instseg.encoded_image import file_pixels
from instseg.image_arrays import DEFAULT_MAX_IMAGE_PIXELS
from instseg.importer.atomic_folder import atomic_folder
from instseg.label_layout import place_labels
from instseg.masks import Masks
from instseg.picture_file import PICTURE_SUFFIXES, write_picture
from instseg_train.dataset_tools.check.annotation_file import AnnotationFile, Entry

SAMPLES = 10
"""Pictures of each split."""


def draw_samples(
    root: Path,
    files: Mapping[str, AnnotationFile],
    folder: Path,
    progress: Callable[[float], object],
) -> dict[str, list[str]]:
    """Writes `folder`, whole or not at all; split -> names in it.

    A picture has its image's name; where that is of a format which is not written, `.png` is added.
    The data set has been checked and has no errors.
    """
    chosen = [
        (split, entry)
        for split, file in files.items()
        for _, entry in list(file.entries("images"))[:SAMPLES]
    ]
    annotations = {
        split: _of_images(file, {entry["id"] for own, entry in chosen if own == split})
        for split, file in files.items()
    }
    names: dict[str, list[str]] = {split: [] for split in files}
    with atomic_folder(folder, overwrite=True) as work:
        for number, (split, image) in enumerate(chosen):
            name = os.path.normpath(image["file_name"]).replace(os.sep, "/")
            rgb = file_pixels(root / "images" / name, max_pixels=DEFAULT_MAX_IMAGE_PIXELS).rgb()
            picture = draw_annotations(rgb, annotations[split][image["id"]], files[split])
            if Path(name).suffix.lower() not in PICTURE_SUFFIXES:
                name += ".png"
            (work / name).parent.mkdir(parents=True, exist_ok=True)
            write_picture(work / name, np.asarray(picture))
            names[split].append(name)
            progress((number + 1) / len(chosen))
    return names


def _of_images(file: AnnotationFile, keys: set[int]) -> dict[int, list[Entry]]:
    own: dict[int, list[Entry]] = {key: [] for key in keys}
    for _, entry in file.entries("annotations"):
        if entry["image_id"] in own:
            own[entry["image_id"]].append(entry)
    return own


def draw_annotations(
    rgb: npt.NDArray[np.uint8], annotations: list[Entry], file: AnnotationFile
) -> Image.Image:
    """rgb: uint8 [H, W, 3]. Colours are those of predictions: by the order of category ids."""
    names = {entry["id"]: entry["name"] for _, entry in file.entries("categories")}
    class_ids = {key: place for place, key in enumerate(sorted(names))}
    size = (int(rgb.shape[0]), int(rgb.shape[1]))
    # Small objects last: on top, as they might be inside of large ones.
    masks = [_mask(entry["segmentation"], size) for entry in annotations]
    order = sorted(range(len(masks)), key=lambda i: masks[i].area())
    boxes = [_corners(annotations[i]["bbox"], size) for i in order]
    labels = [
        names[annotations[i]["category_id"]] + (" (crowd)" if annotations[i].get("iscrowd") else "")
        for i in order
    ]
    result = Result(
        boxes=np.asarray(boxes, np.float32).reshape(-1, 4),
        scores=np.ones(len(order), np.float32),
        class_ids=np.asarray(
            [class_ids[annotations[i]["category_id"]] for i in order], np.int32
        ).reshape(-1),
        labels=labels,
        masks=Masks([masks[i] for i in order], size),
        image_size=size,
    )
    picture = draw_instances(rgb, result, labels=False)
    _draw_names(picture, result)
    return picture


def _mask(segmentation: Any, size: tuple[int, int]) -> Mask:
    rle = coco_mask.frPyObjects(segmentation, *size) if _plain(segmentation) else segmentation
    rle = coco_mask.merge(rle) if isinstance(rle, list) else rle
    x, y, width, height = (int(value) for value in coco_mask.toBbox(rle).tolist())
    bitmap = coco_mask.decode(rle)[y : y + height, x : x + width]
    return Mask.from_crop(*size, x, y, np.ascontiguousarray(bitmap))


def _plain(segmentation: Any) -> bool:
    """Polygons, or run lengths as a list of numbers."""
    return isinstance(segmentation, list) or isinstance(segmentation["counts"], list)


def _corners(box: list[float], size: tuple[int, int]) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 inside the image."""
    x, y, width, height = box
    return (
        min(max(x, 0.0), size[1]),
        min(max(y, 0.0), size[0]),
        min(max(x + width, 0.0), size[1]),
        min(max(y + height, 0.0), size[0]),
    )


def _draw_names(picture: Image.Image, result: Result) -> None:
    """Labels as predictions have them, without scores."""
    if not len(result):
        return
    height, width = result.image_size
    size = max(12, round((height * width) ** 0.5 / 68))
    font = ImageFont.load_default(size)
    draw = ImageDraw.Draw(picture)
    pad_x, pad_y = max(2, size // 4), max(1, size // 8)
    _, top, _, bottom = font.getbbox("Ág|", anchor="ls")
    extents = [
        (round(draw.textlength(text, font)) + 2 * pad_x, round(bottom - top) + 2 * pad_y)
        for text in result.labels
    ]
    boxes = [(x1, y1, x2, y2) for x1, y1, x2, y2 in result.boxes.tolist()]
    for i, (x, y, w, h) in enumerate(place_labels(boxes, extents, (height, width))):
        if 2 * w * h > height * width:
            continue  # a thumbnail: the label would hide what it names
        color = class_color(int(result.class_ids[i]))
        draw.rounded_rectangle((x, y, x + w - 1, y + h - 1), radius=max(1, size // 5), fill=color)
        draw.text((x + pad_x, y + pad_y - round(top)), result.labels[i], text_color(color), font,
                  anchor="ls")  # fmt: skip
