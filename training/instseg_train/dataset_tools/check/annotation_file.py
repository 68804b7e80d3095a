"""One `instance_*.json`: its lists, and what each entry is called in messages."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instseg_train.dataset_tools.check.folder import annotation_name
from instseg_train.dataset_tools.json_file import read_object
from instseg_train.dataset_tools.problems import Problems, quoted

LISTS = ("images", "annotations", "categories")
Entry = dict[str, Any]


@dataclass(frozen=True)
class AnnotationFile:
    """The three lists as they stand in the file; only the entries that are objects are walked."""

    split: str
    name: str
    lists: dict[str, list[Any]]
    other: dict[str, Any]

    def entries(self, key: str) -> Iterator[tuple[int, Entry]]:
        """(place in the list, entry) of each object."""
        return (
            (index, entry) for index, entry in enumerate(self.lists[key]) if isinstance(entry, dict)
        )


def read_annotation_file(root: Path, split: str, problems: Problems) -> AnnotationFile | None:
    """None where there are not all three lists; problems tell why."""
    name = annotation_name(split)
    content = read_object(root / name, name, problems)
    if content is None:
        return None
    complete = True
    for key in LISTS:
        if key not in content:
            problems.add("key-missing", name, key, f"there is no {key!r}")
            complete = False
        elif not isinstance(content[key], list):
            problems.add("key-type", name, key, f"it is {quoted(content[key])}, not a list")
            complete = False
    if not complete:
        return None
    for key in LISTS:
        for index, entry in enumerate(content[key]):
            if not isinstance(entry, dict):
                message = f"it is {quoted(entry)}, not an object"
                problems.add("entry-type", name, f"{key}[{index}]", message)
    lists = {key: content.pop(key) for key in LISTS}
    return AnnotationFile(split, name, lists, content)
