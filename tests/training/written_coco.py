"""Small data sets in COCO's layout, written object by object."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SQUARE = [[10, 12, 30, 12, 30, 28, 10, 28]]
CATEGORIES = [{"id": 1, "name": "coin"}, {"id": 2, "name": "cell"}]


def annotation(image_id: int, number: int = 1, **changes: Any) -> dict[str, Any]:
    """A square of 20 x 16 pixels at 10, 12; `changes` replaces keys, None takes them out."""
    row = {
        "id": number,
        "image_id": image_id,
        "category_id": 1,
        "bbox": [10, 12, 20, 16],
        "area": 320,
        "iscrowd": 0,
        "segmentation": SQUARE,
        **changes,
    }
    return {key: value for key, value in row.items() if value is not None}


def write_coco(
    folder: Path,
    annotations: list[dict[str, Any]],
    *,
    images: int = 1,
    size: tuple[int, int] = (48, 64),
    categories: list[dict[str, Any]] = CATEGORIES,
    split: str = "train",
) -> Path:
    """`images` pictures of noise, numbered from 1, of height, width `size`."""
    for name in ("images", "annotations"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(0)
    rows = []
    for number in range(1, images + 1):
        name = f"{number:03d}.png"
        pixels = random.integers(0, 256, (*size, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "images" / name)
        rows.append({"id": number, "file_name": name, "height": size[0], "width": size[1]})
    content = {"images": rows, "annotations": annotations, "categories": categories}
    path = folder / "annotations" / f"instance_{split}.json"
    path.write_text(json.dumps(content), encoding="utf-8")
    return folder
