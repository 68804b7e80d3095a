"""A small LabelMe data set: pictures, one JSON file each, lists."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from small_coco import HEIGHT, WIDTH, write_image

SQUARE = [[10, 5], [30, 5], [30, 25], [10, 25]]


def shape(
    label: str, points: Sequence[Sequence[float]], kind: str = "polygon", **other: Any
) -> dict[str, Any]:
    return {"label": label, "points": points, "shape_type": kind, "group_id": None} | other


class SmallLabelme:
    """write() makes the lists and files; `files` (stem -> content) may be changed before."""

    def __init__(self, root: Path, train: int = 4, val: int = 0) -> None:
        self.root = root
        (root / "images").mkdir(parents=True)
        (root / "annotations").mkdir()
        self.lists = {
            split: [f"annotations/{split}{i}.json" for i in range(count)]
            for split, count in (("train", train), ("val", val))
        }
        self.files: dict[str, dict[str, Any]] = {}
        for number, path in enumerate(self.lists["train"] + self.lists["val"]):
            stem = Path(path).stem
            write_image(root / "images" / f"{stem}.png", number)
            self.files[stem] = {
                "version": "5.5.0",
                "flags": {},
                "shapes": [shape(("cell", "coin")[number % 2], SQUARE)],
                "imagePath": f"..\\images\\{stem}.png",
                "imageData": None,
                "imageHeight": HEIGHT,
                "imageWidth": WIDTH,
            }

    def write(self) -> Path:
        for stem, content in self.files.items():
            (self.root / "annotations" / f"{stem}.json").write_text(json.dumps(content))
        for split, paths in self.lists.items():
            if paths:
                text = "\r\n".join(path.replace("/", "\\") for path in paths)
                (self.root / f"{split}_anno_list.txt").write_text(text)
        return self.root

    def coco(self, split: str) -> dict[str, Any]:
        content: dict[str, Any] = json.loads(
            (self.root / "annotations" / f"instance_{split}.json").read_text()
        )
        return content
