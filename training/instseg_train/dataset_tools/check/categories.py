"""The classes of both files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

from instseg_train.dataset_tools.check.annotation_file import AnnotationFile
from instseg_train.dataset_tools.json_file import is_id, is_name
from instseg_train.dataset_tools.problems import Problems, quoted


def check_categories(file: AnnotationFile, problems: Problems) -> dict[int, str]:
    """Category id -> name, in the order of the ids; of entries that share one the first."""
    names: dict[int, str] = {}
    place_of_id: dict[int, int] = {}
    place_of_name: dict[str, int] = {}
    if not file.lists["categories"]:
        problems.add("categories-none", file.name, "categories", "the list is empty")
    for index, entry in file.entries("categories"):
        place = f"categories[{index}]"
        key, name = entry.get("id"), entry.get("name")
        if not is_id(key):
            told = f"id is {quoted(key)}" if "id" in entry else "there is no id"
            problems.add("category-id", file.name, place, told)
        elif key in place_of_id:
            message = f"id {key} is that of categories[{place_of_id[key]}]"
            problems.add("category-id-duplicate", file.name, place, message)
        else:
            place_of_id[key] = index
        if not is_name(name):
            told = f"name is {quoted(name)}" if "name" in entry else "there is no name"
            problems.add("category-name", file.name, place, told)
        elif name in place_of_name:
            message = f"{quoted(name)} is that of categories[{place_of_name[name]}]"
            problems.add("category-name-duplicate", file.name, place, message)
        else:
            place_of_name[name] = index
        if is_id(key) and key not in names:
            names[key] = name if isinstance(name, str) else ""
    return dict(sorted(names.items()))


def compare_categories(
    names: Mapping[str, Mapping[int, str]], files: Mapping[str, AnnotationFile], problems: Problems
) -> None:
    """names: split -> id -> name."""
    train, val = names["train"], names["val"]
    if not train or not val:
        return  # told already
    parts = []
    if missing := [f"{key} {quoted(train[key])}" for key in train if key not in val]:
        parts.append(f"{_some(missing)} only in training")
    if added := [f"{key} {quoted(val[key])}" for key in val if key not in train]:
        parts.append(f"{_some(added)} only in validation")
    if other := [
        f"{key} is {quoted(train[key])} in training and {quoted(val[key])} in validation"
        for key in train
        if key in val and train[key] != val[key]
    ]:
        parts.append(_some(other))
    if parts:
        problems.add("categories-differ", files["val"].name, "categories", "; ".join(parts))


def check_usage(
    file: AnnotationFile, names: Mapping[int, str], counts: Counter[int], problems: Problems
) -> None:
    """counts: category id -> annotations of this file."""
    training = file.split == "train"
    if not counts.total():
        code = "annotations-none" if training else "annotations-none-val"
        problems.add(code, file.name, "annotations", f"none of {len(names)} classes has an object")
        return
    places: dict[int, int] = {}
    for index, entry in file.entries("categories"):
        if is_id(key := entry.get("id")):
            places.setdefault(key, index)
    for key, name in names.items():
        if not counts[key]:
            code = "category-untrained" if training else "category-unmeasured"
            place = f"categories[{places[key]}]"
            problems.add(code, file.name, place, f"{quoted(name)} (id {key}) has no annotation")


def check_number(
    names: Mapping[str, Mapping[int, str]], expected: int | None, problems: Problems
) -> None:
    """expected: Train.num_classes; None: nothing is expected."""
    count = len(names["train"])
    if expected is not None and names["train"] and count != expected:
        message = f"the data set has {count} classes, {expected} are expected"
        problems.add("num-classes", "annotations/instance_train.json", "categories", message)


def _some(texts: list[str]) -> str:
    return ", ".join(texts[:5]) + (f" and {len(texts) - 5} more" if len(texts) > 5 else "")
