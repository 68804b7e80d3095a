"""The conversion as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from instseg.errors import InvalidArgument
from instseg.progress import Progress
from instseg_train.dataset_tools.check.folder import SPLITS, annotation_name, find_root
from instseg_train.dataset_tools.check.image_files import look_at
from instseg_train.dataset_tools.check.kinds import KINDS as CHECK_KINDS
from instseg_train.dataset_tools.json_file import is_name, read_object
from instseg_train.dataset_tools.labelme.instances import Instance, cut, join
from instseg_train.dataset_tools.labelme.kinds import KINDS
from instseg_train.dataset_tools.labelme.lists import list_name, read_lists
from instseg_train.dataset_tools.labelme.picture import PictureFinder, check_size
from instseg_train.dataset_tools.labelme.shapes import (
    Bitmap,
    Points,
    ShapeFault,
    read_shape,
)
from instseg_train.dataset_tools.problems import DatasetError, Problem, Problems, quoted, summary
from instseg_train.dataset_tools.replace_files import locked, replace_files
from instseg_train.dataset_tools.split.stratified import stratified_split

TRAIN_PERCENT = 80.0
"""Of the pictures, where there is no validation list; as PaddleX."""
CONVERTED = "Convert dataset successfully !"


@dataclass(frozen=True)
class ConvertReport:
    """images, instances: of each split; backups: file -> the name its old content has;
    warnings: what was left out or guessed."""

    images: dict[str, int]
    instances: dict[str, int]
    class_names: list[str]
    backups: dict[str, str]
    warnings: list[Problem]

    def text(self) -> str:
        lines = [
            f"{split}: {self.images[split]} images, {self.instances[split]} instances"
            for split in SPLITS
        ]
        lines.append(f"classes: {', '.join(self.class_names)}")
        lines += [f"{old} is kept as {new}" for old, new in self.backups.items()]
        if self.warnings:
            lines.append(summary(self.warnings, KINDS))
        return "\n".join([*lines, CONVERTED])


@dataclass
class _Picture:
    """One image of the data set with its instances: (label, instance) in the order of the file."""

    file_name: str
    size: tuple[int, int]
    annotated_by: str
    instances: list[tuple[str, Instance]] = field(default_factory=list)


def convert_labelme(
    dataset_dir: str | os.PathLike[str], *, seed: int = 0, progress: Progress | None = None
) -> ConvertReport:
    """Writes `annotations/instance_{train,val}.json` from LabelMe's files.

    `train_anno_list.txt` and `val_anno_list.txt` name the JSON files, one path per line relative to
    the data set; pictures are in `images/`. Without a validation list, or with an empty one, a
    fifth of the pictures becomes it (by class; `seed` chooses), and both lists are written.

    Polygons, rectangles, circles and masks become instances; shapes of one label and one group_id
    are one instance. Lines and points are left out, with a warning. Categories have ids from 1 in
    the order of first sight, training first, the same in both files. Sizes are those of the
    pictures, upright as their EXIF orientation says, which is how LabelMe shows them.

    Old files stay as `NAME.bak`, `NAME.bak1`, ...; a kill at any point leaves the old state, the
    new one, or one that the next call completes. Raises DatasetError with all problems, and then
    nothing is written; InvalidArgument (no such folder; another process is at it); OSError.
    """
    if not Path(dataset_dir).is_dir():
        raise InvalidArgument(f"there is no folder {dataset_dir}; give the data set's")
    root = find_root(Path(dataset_dir), Problems(CHECK_KINDS)) or Path(dataset_dir)
    if seed < 0:
        raise InvalidArgument(f"seed is {seed}; give 0 or more")
    with locked(root):
        return _convert(root, seed, progress or (lambda stage, fraction: None))


def _convert(root: Path, seed: int, tell: Progress) -> ConvertReport:
    problems = Problems(KINDS)
    lists = read_lists(root, problems)
    files = [(split, path) for split, paths in lists.items() for path in paths]
    reader = _Reader(root, problems)
    for number, (split, path) in enumerate(files):
        reader.read(split, path)
        tell("LabelMe files", (number + 1) / len(files))
    of_file = reader.of_file
    new_lists: dict[str, list[str]] = {}
    if "train" in lists and "val" not in lists and not problems.errors():
        new_lists = _divide(lists["train"], reader, seed, problems)
    if "train" in lists and not reader.labels and not problems.errors():
        message = f"no file of {list_name('train')} has a shape with an area"
        problems.add("labels-none", list_name("train"), "", message)
    if problems.errors():
        raise DatasetError(f"{root} cannot be converted:", problems.found, KINDS)
    contents: dict[str, Any] = {}
    final = new_lists or lists
    for split in SPLITS:
        # Several files may annotate one picture, which is listed once.
        pictures = {of_file[path].file_name: of_file[path] for path in final[split]}
        contents[split] = _coco(list(pictures.values()), list(reader.labels))
    written = {list_name(split): "".join(f"{p}\n" for p in new_lists[split]) for split in new_lists}
    written |= {annotation_name(split): json.dumps(contents[split]) for split in SPLITS}
    backups = replace_files(root, {name: text.encode() for name, text in written.items()})
    return ConvertReport(
        images={split: len(contents[split]["images"]) for split in SPLITS},
        instances={split: len(contents[split]["annotations"]) for split in SPLITS},
        class_names=list(reader.labels),
        backups=backups,
        warnings=[problem for problem in problems.found if problem.severity != "error"],
    )


class _Reader:
    """Reads JSON files one by one.

    of_file   path -> picture;   labels: in the order of first sight
    """

    def __init__(self, root: Path, problems: Problems) -> None:
        self._root = root
        self._problems = problems
        self._finder = PictureFinder(root)
        self._pictures: dict[str, tuple[str, _Picture]] = {}
        self.of_file: dict[str, _Picture] = {}
        self.labels: dict[str, None] = {}

    def read(self, split: str, path: str) -> None:
        content = read_object(self._root / path, path, self._problems)
        if content is None:
            return
        picture = self._picture(split, path, content)
        shapes = content.get("shapes")
        if not isinstance(shapes, list):
            told = f"it is {quoted(shapes)}" if "shapes" in content else "there is none"
            self._problems.add("shapes-missing", path, "shapes", told)
        elif picture is not None:
            self.of_file[path] = picture
            self._add_shapes(path, shapes, picture)

    def _picture(self, split: str, path: str, content: dict[str, Any]) -> _Picture | None:
        name = self._finder.find(path, content, self._problems)
        if name is None:
            return None
        if name in self._pictures:
            other, picture = self._pictures[name]
            code = "image-annotated-twice" if other == split else "image-leak"
            message = f"images/{name} is that of {picture.annotated_by}"
            self._problems.add(code, path, "imagePath", message)
            return picture
        facts = look_at(self._root / "images" / name)
        if facts.fault is not None:
            self._problems.add("image-unreadable", f"images/{name}", "", facts.message)
            return None
        if not check_size(path, content, facts, self._problems):
            return None
        picture = _Picture(name, facts.size, path)
        self._pictures[name] = (split, picture)
        return picture

    def _add_shapes(self, path: str, shapes: list[Any], picture: _Picture) -> None:
        groups: dict[tuple[str, object], list[Points | Bitmap]] = {}
        places: dict[tuple[str, object], str] = {}
        for index, shape in enumerate(shapes):
            place = f"shapes[{index}]"
            label = shape.get("label") if isinstance(shape, dict) else None
            if not isinstance(shape, dict) or not is_name(label):
                self._problems.add("label", path, place, f"it is {quoted(label)}")
                continue
            try:
                part = self._part(path, place, shape, picture.size)
            except ShapeFault as fault:
                self._problems.add(fault.code, path, f'{place} "{label[:40]}"', str(fault))
                continue
            group = shape.get("group_id")
            single = group is None or isinstance(group, list | dict)
            key = (label.strip(), ("single", index) if single else group)
            groups.setdefault(key, []).append(part)
            places.setdefault(key, f'{place} "{label[:40]}"')
        for key, parts in groups.items():
            try:
                instance = join(parts, picture.size)
            except ShapeFault as fault:
                self._problems.add(fault.code, path, places[key], str(fault))
                continue
            self.labels.setdefault(key[0])
            picture.instances.append((key[0], instance))

    def _part(
        self, path: str, place: str, shape: dict[str, Any], size: tuple[int, int]
    ) -> Points | Bitmap:
        part = read_shape(shape, size)
        if part.dtype == bool:
            return part
        inside, beyond = cut(part.astype(float), size)
        if beyond:
            message = f"it reached {beyond:.4g} pixels beyond"
            self._problems.add("shape-cut", path, place, message)
        return inside


def _divide(
    paths: Sequence[str], reader: _Reader, seed: int, problems: Problems
) -> dict[str, list[str]]:
    """Two lists out of one; files that annotate one picture stay together."""
    names = list(dict.fromkeys(reader.of_file[path].file_name for path in paths))
    if len(names) < 2:
        message = f"{len(names)} image; training and validation take one each"
        problems.add("list-empty", list_name("train"), "", message)
        return {}
    labels: dict[str, list[str]] = {name: [] for name in names}
    for picture in reader.of_file.values():
        labels[picture.file_name] = [label for label, _ in picture.instances]
    train, _ = stratified_split([labels[name] for name in names], TRAIN_PERCENT, seed)
    chosen = {names[index] for index in train}
    return {
        "train": [path for path in paths if reader.of_file[path].file_name in chosen],
        "val": [path for path in paths if reader.of_file[path].file_name not in chosen],
    }


def _coco(pictures: Sequence[_Picture], labels: Sequence[str]) -> dict[str, Any]:
    category_ids = {label: place + 1 for place, label in enumerate(labels)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for image_id, picture in enumerate(pictures, 1):
        height, width = picture.size
        images.append(
            {"id": image_id, "file_name": picture.file_name, "width": width, "height": height}
        )
        for label, instance in picture.instances:
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": image_id,
                    "category_id": category_ids[label],
                    "bbox": instance.bbox,
                    "area": instance.area,
                    "iscrowd": 0,
                    "ignore": 0,
                    "segmentation": instance.segmentation,
                }
            )
    categories = [{"id": key, "name": label} for label, key in category_ids.items()]
    return {"images": images, "annotations": annotations, "categories": categories}
