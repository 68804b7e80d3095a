"""The split as a whole."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instseg.errors import InvalidArgument
from instseg_train.dataset_tools.check.annotation_file import Entry, read_annotation_file
from instseg_train.dataset_tools.check.folder import SPLITS, annotation_name, find_root
from instseg_train.dataset_tools.problems import DatasetError, Problems
from instseg_train.dataset_tools.replace_files import locked, replace_files
from instseg_train.dataset_tools.split.kinds import KINDS
from instseg_train.dataset_tools.split.merge import Merged, merge
from instseg_train.dataset_tools.split.stratified import stratified_split

DIVIDED = "Split dataset successfully !"


@dataclass(frozen=True)
class SplitReport:
    """images, instances: of each split; backups: file -> the name its old content has."""

    images: dict[str, int]
    instances: dict[str, int]
    backups: dict[str, str]

    def text(self) -> str:
        lines = [
            f"{split}: {self.images[split]} images, {self.instances[split]} instances"
            for split in SPLITS
        ]
        lines += [f"{old} is kept as {new}" for old, new in self.backups.items()]
        return "\n".join([*lines, DIVIDED])


def split_dataset(
    dataset_dir: str | os.PathLike[str],
    *,
    train_percent: float,
    val_percent: float,
    seed: int = 0,
) -> SplitReport:
    """Divides the images of `annotations/instance_{train,val}.json`, one of which may be missing,
    anew: every image is in exactly one of the two then, with all its annotations.

    The percentages sum to 100; sizes are the nearest numbers, at least one image each. Classes are
    spread alike (`stratified.py`); the same images, percentages and seed give the same files,
    however they were divided before.

    Old files stay as `NAME.bak`, `NAME.bak1`, ...; a kill at any point leaves the old state, the
    new one, or one that the next call completes. Raises DatasetError with all problems, and then
    nothing is written; InvalidArgument (an argument; another process is at it); OSError.
    """
    _check_arguments(train_percent, val_percent, seed)
    problems = Problems(KINDS)
    root = find_root(Path(dataset_dir), problems)
    if root is None:
        raise DatasetError(f"{dataset_dir} cannot be split:", problems.found, KINDS)
    with locked(root):
        merged = _read(root, problems)
        if merged is None:
            raise DatasetError(f"{dataset_dir} cannot be split:", problems.found, KINDS)
        labels = [
            [entry["category_id"] for entry in merged.annotations.get(image["id"], [])]
            for image in merged.images
        ]
        parts = stratified_split(labels, train_percent, seed)
        contents = {
            split: _content(merged, [merged.images[index] for index in part])
            for split, part in zip(SPLITS, parts, strict=True)
        }
        backups = replace_files(
            root,
            {
                annotation_name(split): json.dumps(content).encode()
                for split, content in contents.items()
            },
        )
    return SplitReport(
        images={split: len(content["images"]) for split, content in contents.items()},
        instances={split: len(content["annotations"]) for split, content in contents.items()},
        backups=backups,
    )


def _check_arguments(train: float, val: float, seed: int) -> None:
    for name, value in (("train_percent", train), ("val_percent", val)):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not math.isfinite(value) or not 0 < value < 100:
            raise InvalidArgument(f"{name} is {value!r}; give a number between 0 and 100")
    if abs(train + val - 100) > 1e-6:
        raise InvalidArgument(
            f"train_percent and val_percent are {train} and {val}; together they must be 100, "
            f"for example {train} and {100 - train:g}"
        )
    if seed < 0:
        raise InvalidArgument(f"seed is {seed}; give 0 or more")


def _read(root: Path, problems: Problems) -> Merged | None:
    present = [split for split in SPLITS if (root / annotation_name(split)).exists()]
    if not present:
        names = " and ".join(annotation_name(split) for split in SPLITS)
        problems.add("file-missing", names, "", f"neither is in {root}")
        return None
    files = [read_annotation_file(root, split, problems) for split in present]
    read = [file for file in files if file is not None]
    if len(read) < len(files):
        return None
    merged = merge(read, problems)
    if merged is not None and len(merged.images) < 2:
        message = f"{len(merged.images)} in all"
        problems.add("images-few", annotation_name("train"), "images", message)
        return None
    return merged


def _content(merged: Merged, images: Sequence[Entry]) -> dict[str, Any]:
    """One file: every category is in both."""
    return {
        **merged.other,
        "images": list(images),
        "annotations": [
            entry for image in images for entry in merged.annotations.get(image["id"], [])
        ],
        "categories": merged.categories,
    }
