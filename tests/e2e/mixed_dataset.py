"""A data set with what makes average precision hard to get right.

Crowds, images without objects, two classes in the opposite order of the models', category and image
ids with gaps, masks as polygons and both kinds of run lengths, JPEG and PNG of several sizes.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image
from pycocotools import mask as coco_mask

from instseg_train.dataset import CLASSES, Scene, SceneOptions, draw_scene

CATEGORY_IDS = {"coin": 40, "cell": 7}
# As in trained/make.py: the first pictures are those that the models were taught.
TAUGHT_SEED, TAUGHT = 3, 8
NEW_SIZES = ((192, 192), (150, 220), (240, 180), (300, 260), (192, 192), (131, 97))
CROWDED = (0, 5, 7, 8, 12)
EMPTY_SIZES = ((192, 192), (120, 200))


def write_mixed_dataset(folder: Path) -> Path:
    """Writes `images/` and `annotations/instance_val.json`: 16 pictures."""
    (folder / "images").mkdir(parents=True)
    (folder / "annotations").mkdir()
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, scene in enumerate(_scenes()):
        height, width = scene.image.shape[:2]
        name = f"{number:02d}.{'png' if number % 3 == 1 else 'jpg'}"
        Image.fromarray(scene.image).save(folder / "images" / name, quality=92)
        image_id = 1000 - 7 * number
        images.append({"id": image_id, "file_name": name, "height": height, "width": width})
        for entry in _objects(scene, crowded=number in CROWDED):
            annotations.append({"id": len(annotations) + 1, "image_id": image_id, **entry})
    categories = [{"id": key, "name": name} for name, key in CATEGORY_IDS.items()]
    content = {"images": images, "annotations": annotations, "categories": categories}
    (folder / "annotations" / "instance_val.json").write_text(json.dumps(content))
    return folder


def _scenes() -> list[Scene]:
    taught = SceneOptions(height=192, width=192, objects=(2, 5), radius=(0.12, 0.22))
    scenes = [
        draw_scene(np.random.default_rng([TAUGHT_SEED, 0, number]), taught)
        for number in range(TAUGHT)
    ]
    for number, (height, width) in enumerate(NEW_SIZES):
        options = SceneOptions(height=height, width=width, objects=(3, 7), radius=(0.1, 0.22))
        scenes.append(draw_scene(np.random.default_rng([11, number]), options))
    for number, (height, width) in enumerate(EMPTY_SIZES):
        options = SceneOptions(height=height, width=width, objects=(0, 0))
        scenes.append(draw_scene(np.random.default_rng([12, number]), options))
    return scenes


def _objects(scene: Scene, *, crowded: bool) -> list[dict[str, Any]]:
    """One entry per object; `crowded` joins all but the first of each class to a crowd."""
    entries = []
    for class_id, name in enumerate(CLASSES):
        own = [mask for mask, c in zip(scene.masks, scene.class_ids, strict=True) if c == class_id]
        crowd = own[1:] if crowded else []
        for number, mask in enumerate(own[:1] if crowded else own):
            entries.append(_entry(mask, CATEGORY_IDS[name], polygons=number % 2 == 1))
        if crowd:
            entries.append(_crowd(np.any(crowd, axis=0), CATEGORY_IDS[name]))
    return entries


def _entry(mask: npt.NDArray[np.bool_], category_id: int, *, polygons: bool) -> dict[str, Any]:
    encoded = coco_mask.encode(np.asfortranarray(mask.astype(np.uint8)))
    segmentation: Any = {"size": encoded["size"], "counts": encoded["counts"].decode()}
    if polygons:
        contours, _ = cv2.findContours(
            mask.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE
        )
        segmentation = [line.ravel().tolist() for line in contours if len(line) > 2]
    return {
        "category_id": category_id,
        "bbox": coco_mask.toBbox(encoded).tolist(),
        "area": int(mask.sum()),
        "iscrowd": 0,
        "segmentation": segmentation,
    }


def _crowd(mask: npt.NDArray[np.bool_], category_id: int) -> dict[str, Any]:
    """With plain run lengths, as COCO's own crowds."""
    pixels = mask.ravel(order="F").astype(np.int8)
    changes = np.flatnonzero(np.diff(np.concatenate([[0], pixels, [1 - pixels[-1]]])))
    counts = np.diff(np.concatenate([[0], changes])).tolist()
    entry = _entry(mask, category_id, polygons=False)
    segmentation = {"size": list(mask.shape), "counts": counts}
    return {**entry, "iscrowd": 1, "segmentation": segmentation}
