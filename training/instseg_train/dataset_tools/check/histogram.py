"""How many instances each class has, as a picture."""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from instseg.atomic_file import atomic_file

_TRAIN, _VAL, _TEXT = "#1b6ca8", "#e0912f", "#333333"
_ROWS = 40
"""Classes in one column of the picture."""
_MOST_CLASSES = 200
_LONGEST_NAME = 26
_BAR = 0.38
# Fonts with scripts that matplotlib's own lacks; taken where they are installed.
_FONTS = ("Noto Sans CJK SC", "Noto Sans CJK JP", "WenQuanYi Zen Hei", "SimHei", "Noto Sans")


def write_histogram(
    path: Path, names: Mapping[int, str], counts: Mapping[str, Mapping[int, int]]
) -> None:
    """PNG: bars per class, the most frequent in training on top.

    names: category id -> name; counts: "train" and "val" -> category id -> instances.
    """
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    order = sorted(names, key=lambda key: (-counts["train"].get(key, 0), key))
    shown = order[:_MOST_CLASSES]
    columns = max(1, math.ceil(len(shown) / _ROWS))
    rows = math.ceil(len(shown) / columns) if shown else 1
    size = (max(8.0, 5.6 * columns), max(2.2, 1.1 + 0.3 * rows))
    with rc_context({"font.family": _families()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=r".*[Gg]lyph.*missing")  # drawn as boxes
        figure = Figure(figsize=size, dpi=120, layout="constrained")
        axes = figure.subplots(1, columns, squeeze=False, sharex=True)[0]
        for column, part in enumerate(axes):
            own = shown[column * rows : (column + 1) * rows]
            _draw_column(part, own, names, counts, rows)
        _title(figure, len(order), len(shown), counts)
        with atomic_file(path) as file:
            figure.savefig(file, format="png", facecolor="white")


def _draw_column(
    axes: Any,
    keys: list[int],
    names: Mapping[int, str],
    counts: Mapping[str, Mapping[int, int]],
    rows: int,
) -> None:
    largest = max([counts[split].get(key, 0) for split in counts for key in names], default=0)
    smallest = min(
        [n for split in counts for key in names if (n := counts[split].get(key, 0))], default=0
    )
    logarithmic = smallest > 0 and largest / smallest > 200
    for split, color, shift in (("train", _TRAIN, -_BAR / 2), ("val", _VAL, _BAR / 2)):
        values = [counts[split].get(key, 0) for key in keys]
        places = [place + shift for place in range(len(keys))]
        axes.barh(places, values, height=_BAR, color=color)
        for place, value in zip(places, values, strict=True):
            axes.annotate(
                str(value),
                (value if value or not logarithmic else smallest / 2, place),
                xytext=(3, 0),
                textcoords="offset points",
                va="center_baseline",
                fontsize=6.5,
                color=_TEXT,
            )
    axes.set_ylim(rows - 0.4, -0.6)
    axes.set_yticks(range(len(keys)), [_short(names[key]) for key in keys], fontsize=8.5)
    for label in axes.get_yticklabels():
        label.set_parse_math(False)  # a class may be called $
    if logarithmic:
        axes.set_xscale("log")
        axes.set_xlim(smallest / 2, largest * 2.2)
    else:
        axes.set_xlim(0, max(1, largest) * 1.1)
        axes.xaxis.get_major_locator().set_params(integer=True, nbins=5)
    axes.set_xlabel("instances, log scale" if logarithmic else "instances", color=_TEXT)
    axes.tick_params(which="both", length=0, colors=_TEXT)
    axes.grid(True, axis="x", color="0.92")
    axes.set_axisbelow(True)
    for side in axes.spines.values():
        side.set_visible(False)


def _title(figure: Any, classes: int, shown: int, counts: Mapping[str, Mapping[int, int]]) -> None:
    from matplotlib.patches import Patch

    totals = {split: sum(own.values()) for split, own in counts.items()}
    handles = [
        Patch(color=_TRAIN, label=f"train: {totals['train']} instances"),
        Patch(color=_VAL, label=f"val: {totals['val']} instances"),
    ]
    what = f"{classes} class{'' if classes == 1 else 'es'}"
    if shown < classes:
        what += f", the {shown} most frequent"
    figure.legend(
        handles=handles, title=what, loc="outside upper center", ncols=2, frameon=False, fontsize=9
    )


def _short(name: str) -> str:
    name = " ".join(name.split())
    return name if len(name) <= _LONGEST_NAME else name[: _LONGEST_NAME - 1] + "…"


def _families() -> list[str]:
    from matplotlib import font_manager

    installed = set(font_manager.get_font_names())
    return ["DejaVu Sans", *(font for font in _FONTS if font in installed)]
