"""Which class of a model is which category of a data set."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from instseg.errors import InvalidArgument

# What an export writes that was given no names.
_NUMBERED = re.compile(r"class \d+")


@dataclass(frozen=True)
class ClassMatch:
    """category_ids: class id -> category id; left_out: the model's classes that are no category,
    whose finds do not count."""

    category_ids: Mapping[int, int]
    left_out: tuple[str, ...]


def match_classes(class_names: Sequence[str], categories: Mapping[int, str]) -> ClassMatch:
    """Classes and categories of the same name belong together, whatever their order.

    class_names  of the model, by class id
    categories   category id -> name

    Where a model has no names ("class 0", "class 1" ...), or names occur twice, in the same places
    on both sides, the order of the category ids counts. Raises InvalidArgument for a category that
    the model does not know.
    """
    ids = sorted(categories)
    names = [categories[key] for key in ids]
    nameless = all(_NUMBERED.fullmatch(name) for name in class_names)
    if len(class_names) == len(names) and (nameless or list(class_names) == names):
        return ClassMatch(dict(enumerate(ids)), ())
    for kind, given in (("model", class_names), ("data set", names)):
        twice = sorted({name for name in given if list(given).count(name) > 1})
        if twice:
            raise InvalidArgument(
                f"the {kind} has several classes of the name {twice[0]!r}, and the two lists are "
                f"not the same: {_both(class_names, names)}"
            )
    unknown = [name for name in names if name not in class_names]
    if unknown:
        raise InvalidArgument(
            f"the data set has {len(unknown)} of {len(names)} categories that the model does not "
            f"know: {_listed(unknown)}. {_both(class_names, names)}. Evaluate on the data set that "
            "the model was trained for, or export it again with its class_names"
        )
    places = {name: key for key, name in categories.items()}
    return ClassMatch(
        {i: places[name] for i, name in enumerate(class_names) if name in places},
        tuple(name for name in class_names if name not in places),
    )


def _both(class_names: Sequence[str], names: Sequence[str]) -> str:
    return f"The model's are {_listed(class_names)}; the data set's {_listed(names)}"


def _listed(names: Sequence[str], most: int = 12) -> str:
    text = ", ".join(map(repr, names[:most]))
    return text if len(names) <= most else f"{text} and {len(names) - most} more"
