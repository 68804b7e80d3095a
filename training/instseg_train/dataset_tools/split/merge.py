"""Both annotation files as one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from instseg_train.dataset_tools.check.annotation_file import AnnotationFile, Entry
from instseg_train.dataset_tools.check.categories import check_categories
from instseg_train.dataset_tools.check.image_entries import check_image_entries
from instseg_train.dataset_tools.json_file import is_id
from instseg_train.dataset_tools.problems import Problems, quoted


@dataclass(frozen=True)
class Merged:
    """images: by file name; annotations: of image id; other: keys beside COCO's three lists."""

    images: list[Entry]
    annotations: dict[int, list[Entry]]
    categories: list[Entry]
    other: dict[str, Any]


def merge(files: Sequence[AnnotationFile], problems: Problems) -> Merged | None:
    """None where an entry could not be placed; all of those are told.

    Ids stay where they are unique over both files; else those of all images, or all annotations,
    are given anew from 1. Masks and boxes are not looked at, and every other key stays.
    """
    categories = _categories(files, problems)
    keyed: list[tuple[str, tuple[int, Any], Entry]] = []  # file name, (file, id), entry
    for number, file in enumerate(files):
        _check_annotations(file, problems)
        if not file.lists["images"]:
            continue  # no fault: images are divided anew
        for entry in check_image_entries(file, problems):
            source = file.lists["images"][entry.index]
            if entry.file_name is not None:
                keyed.append((entry.file_name, (number, entry.key), source))
    if len(files) == 2:
        _check_both(files, keyed, problems)
    if problems.errors():
        return None
    keyed.sort(key=lambda item: item[0])
    image_keys = _new_ids([entry.get("id") for _, _, entry in keyed])
    new_key = {key: image_keys[place] for place, (_, key, _) in enumerate(keyed)}
    images = [{**entry, "id": new_key[key]} for _, key, entry in keyed]
    annotations = _annotations(files, new_key)
    other = {key: value for file in reversed(files) for key, value in file.other.items()}
    return Merged(images, annotations, categories, other)


def _categories(files: Sequence[AnnotationFile], problems: Problems) -> list[Entry]:
    """Of both files, by id; entries of the first file where both have one."""
    names: dict[int, str] = {}
    ids: dict[str, int] = {}
    united: dict[int, Entry] = {}
    for file in files:
        if not file.lists["categories"] and not file.lists["images"]:
            continue
        for key, name in check_categories(file, problems).items():
            if names.get(key, name) != name:
                message = f"id {key} is {quoted(names[key])} and {quoted(name)}"
                problems.add("category-conflict", file.name, "categories", message)
            elif ids.get(name, key) != key:
                message = f"{quoted(name)} has the ids {ids[name]} and {key}"
                problems.add("category-conflict", file.name, "categories", message)
            names.setdefault(key, name)
            ids.setdefault(name, key)
        for _, entry in file.entries("categories"):
            if is_id(entry.get("id")):
                united.setdefault(entry["id"], entry)
    return [united[key] for key in sorted(united)]


def _check_annotations(file: AnnotationFile, problems: Problems) -> None:
    images = {entry.get("id") for _, entry in file.entries("images") if is_id(entry.get("id"))}
    classes = {e.get("id") for _, e in file.entries("categories") if is_id(e.get("id"))}
    for index, entry in file.entries("annotations"):
        for key, known, code in (
            ("image_id", images, "annotation-image"),
            ("category_id", classes, "annotation-category"),
        ):
            value = entry.get(key)
            if not is_id(value) or value not in known:
                place = f"annotations[{index}].{key}"
                problems.add(code, file.name, place, f"it is {quoted(value)}")


def _check_both(
    files: Sequence[AnnotationFile],
    keyed: Sequence[tuple[str, tuple[int, Any], Entry]],
    problems: Problems,
) -> None:
    first = {name for name, (number, _), _ in keyed if number == 0}
    for name, (number, key), _ in keyed:
        if number == 1 and name in first:
            message = f'"{name}" is in {files[0].name} too'
            problems.add("image-in-both", files[1].name, f"images, id {quoted(key)}", message)


def _annotations(
    files: Sequence[AnnotationFile], new_key: dict[tuple[int, Any], int]
) -> dict[int, list[Entry]]:
    entries = [
        (new_key[number, entry["image_id"]], entry)
        for number, file in enumerate(files)
        for _, entry in file.entries("annotations")
    ]
    ids = _new_ids([entry.get("id") for _, entry in entries])
    of_image: dict[int, list[Entry]] = {}
    for key, (image, entry) in zip(ids, entries, strict=True):
        of_image.setdefault(image, []).append({**entry, "id": key, "image_id": image})
    return {image: sorted(own, key=lambda e: e["id"]) for image, own in of_image.items()}


def _new_ids(ids: Sequence[Any]) -> list[int]:
    if all(map(is_id, ids)) and len(set(ids)) == len(ids):
        return list(ids)
    return list(range(1, len(ids) + 1))
