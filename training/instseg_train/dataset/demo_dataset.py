"""Writes a small data set of drawn pictures in COCO's layout."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from instseg import Mask
from instseg.errors import InvalidArgument
from instseg.importer.atomic_folder import atomic_folder
from instseg_train.dataset.synthetic_scene import CLASSES, Scene, SceneOptions, draw_scene

JPEG_QUALITY = 92
SPLITS = ("train", "val")


def write_demo_dataset(
    folder: str | os.PathLike[str],
    *,
    train_images: int = 64,
    val_images: int = 16,
    options: SceneOptions | None = None,
    seed: int = 0,
    overwrite: bool = False,
    progress: Callable[[int], object] | None = None,
) -> Path:
    """Writes `images/*.jpg` and `annotations/instance_{train,val}.json`; returns the folder.

    Pictures depend on `seed` and their number alone: a larger data set begins with the smaller
    one's. Masks are run lengths (COCO's compressed RLE), exact to the pixel; every object is one
    annotation of category 1 + its class. `progress` is called with 1 for each picture.

    The folder appears whole or not at all. Raises InvalidArgument: no images, a negative seed, a
    folder that exists.
    """
    counts = {"train": train_images, "val": val_images}
    for split, count in counts.items():
        if count < 1:
            raise InvalidArgument(f"{split}_images is {count}; give at least one image")
    if seed < 0:
        raise InvalidArgument(f"seed is {seed}; give 0 or more")
    options = options or SceneOptions()
    target = Path(folder)
    with atomic_folder(target, overwrite=overwrite) as work:
        (work / "images").mkdir()
        (work / "annotations").mkdir()
        for part, split in enumerate(SPLITS):
            annotations = _Annotations()
            for number in range(counts[split]):
                random = np.random.default_rng([seed, part, number])
                scene = draw_scene(random, options)
                name = f"{split}_{number:05d}.jpg"
                (work / "images" / name).write_bytes(_jpeg(scene))
                annotations.add(name, scene)
                if progress is not None:
                    progress(1)
            text = json.dumps(annotations.content())
            (work / "annotations" / f"instance_{split}.json").write_text(text, encoding="utf-8")
    return target


class _Annotations:
    """One `instance_*.json`."""

    def __init__(self) -> None:
        self._images: list[dict[str, Any]] = []
        self._annotations: list[dict[str, Any]] = []

    def add(self, file_name: str, scene: Scene) -> None:
        height, width = scene.image.shape[:2]
        image_id = len(self._images) + 1
        self._images.append(
            {"id": image_id, "file_name": file_name, "height": height, "width": width}
        )
        for mask, class_id in zip(scene.masks, scene.class_ids, strict=True):
            rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
            top, left = int(rows[0]), int(columns[0])
            crop = mask[top : rows[-1] + 1, left : columns[-1] + 1]
            stored = Mask.from_crop(height, width, left, top, np.ascontiguousarray(crop))
            self._annotations.append(
                {
                    "id": len(self._annotations) + 1,
                    "image_id": image_id,
                    "category_id": class_id + 1,
                    "bbox": [left, top, crop.shape[1], crop.shape[0]],
                    "area": stored.area(),
                    "iscrowd": 0,
                    "segmentation": {"size": [height, width], "counts": _counts(stored)},
                }
            )

    def content(self) -> dict[str, Any]:
        return {
            "images": self._images,
            "annotations": self._annotations,
            "categories": [
                {"id": class_id + 1, "name": name} for class_id, name in enumerate(CLASSES)
            ],
        }


def _counts(mask: Mask) -> str:
    counts: Any = mask.rle()
    return counts.decode() if isinstance(counts, bytes) else str(counts)


def _jpeg(scene: Scene) -> bytes:
    file = io.BytesIO()
    Image.fromarray(scene.image).save(file, "JPEG", quality=JPEG_QUALITY)
    return file.getvalue()
