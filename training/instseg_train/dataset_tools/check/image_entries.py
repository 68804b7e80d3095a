"""Entries of images: ids, names, sizes; not yet the files themselves."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass

from instseg_train.dataset_tools.check.annotation_file import AnnotationFile, Entry
from instseg_train.dataset_tools.json_file import is_id, is_name
from instseg_train.dataset_tools.problems import Problems, quoted

_LARGEST_SIDE = 1 << 20


@dataclass(frozen=True)
class ImageEntry:
    """file_name: None where it cannot be opened; size: height, width, None where not usable."""

    index: int
    key: int | None
    file_name: str | None
    size: tuple[int, int] | None

    @property
    def place(self) -> str:
        return f"images[{self.index}] ({self.label})"

    @property
    def label(self) -> str:
        """As in: image 3 "a.jpg"."""
        name = f' "{self.file_name}"' if self.file_name else ""
        return f"image {'without id' if self.key is None else self.key}{name}"


def check_image_entries(file: AnnotationFile, problems: Problems) -> list[ImageEntry]:
    """All entries that are objects; of those that share an id or a name, all are returned."""
    entries = []
    of_id: dict[int, int] = {}
    of_name: dict[str, int] = {}
    if not file.lists["images"]:
        problems.add("images-none", file.name, "images", "the list is empty")
    for index, entry in file.entries("images"):
        place = f"images[{index}]"
        key = entry.get("id")
        if not is_id(key):
            told = f"id is {quoted(key)}" if "id" in entry else "there is no id"
            problems.add("image-id", file.name, place, told)
            key = None
        elif key in of_id:
            message = f"id {key} is that of images[{of_id[key]}]"
            problems.add("image-id-duplicate", file.name, place, message)
        else:
            of_id[key] = index
        name = _file_name(file.name, place, entry, problems)
        if name is not None and name in of_name:
            message = f'"{name}" is that of images[{of_name[name]}]'
            problems.add("file-name-duplicate", file.name, place, message)
        elif name is not None:
            of_name[name] = index
        entries.append(ImageEntry(index, key, name, _size(file.name, place, entry, problems)))
    return entries


def _file_name(file: str, place: str, entry: Entry, problems: Problems) -> str | None:
    """Normalised, with forward slashes; None where no file of images/ can be meant."""
    name = entry.get("file_name")
    where = f"{place}.file_name"
    if not is_name(name):
        told = f"it is {quoted(name)}" if "file_name" in entry else "there is none"
        problems.add("file-name", file, where, told)
        return None
    if name.startswith(("/", "\\")) or re.match(r"[A-Za-z]:[/\\]", name):
        problems.add("file-name-outside", file, where, f"{quoted(name)} is an absolute path")
        return None
    if ".." in re.split(r"[/\\]", name):
        problems.add("file-name-outside", file, where, f"{quoted(name)} has a step upwards (..)")
        return None
    if "\\" in name:
        problems.add("file-name-backslash", file, where, quoted(name))
        return None
    return posixpath.normpath(name)


def _size(file: str, place: str, entry: Entry, problems: Problems) -> tuple[int, int] | None:
    good = True
    for key in ("width", "height"):
        value = entry.get(key)
        if not is_id(value) or not 1 <= value <= _LARGEST_SIDE:
            told = f"it is {quoted(value)}" if key in entry else "there is none"
            problems.add("image-size-missing", file, f"{place}.{key}", told)
            good = False
    return (entry["height"], entry["width"]) if good else None
