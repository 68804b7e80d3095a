"""The histogram's bars, and any number and kind of names."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from instseg_train.dataset_tools.check.histogram import _TRAIN, _VAL, write_histogram


def bar_pixels(path: Path, color: str) -> int:
    wanted = [int(color[i : i + 2], 16) for i in (1, 3, 5)]
    with Image.open(path) as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    return int((np.abs(pixels - wanted).max(2) < 8).sum())


def test_bars_are_as_long_as_their_counts(tmp_path: Path) -> None:
    areas = []
    for count in (20, 40):
        path = tmp_path / f"{count}.png"
        names = {1: "coin", 4: "cell"}
        write_histogram(path, names, {"train": {1: 80, 4: count}, "val": {1: count}})
        areas.append((bar_pixels(path, _TRAIN), bar_pixels(path, _VAL)))
    (train_20, val_20), (train_40, val_40) = areas
    legend = 2 * val_20 - val_40  # its patch stays, the bar doubles
    assert 0 <= legend < val_20 / 2
    assert (train_40 - legend) / (train_20 - legend) == pytest.approx(120 / 100, abs=0.02)


@pytest.mark.parametrize("classes", [0, 1, 2, 41, 80, 250])
def test_any_number_of_classes(classes: int, tmp_path: Path) -> None:
    names = {3 * i + 1: f"class {i}" for i in range(classes)}
    counts = {"train": {key: key for key in names}, "val": {}}
    write_histogram(tmp_path / "h.png", names, counts)
    with Image.open(tmp_path / "h.png") as picture:
        assert picture.width < 4000
        assert picture.height < 2000


def test_any_name(tmp_path: Path) -> None:
    """Formulas are not set, letters without a glyph are boxes and no warnings."""
    names = dict(
        enumerate(["$a_b$", "$", "细胞", "x" * 500, "two\nlines", "\N{CAT FACE}", "a" * 26])
    )
    write_histogram(tmp_path / "h.png", names, {"train": dict.fromkeys(names, 5), "val": {}})
    with Image.open(tmp_path / "h.png") as picture:
        assert picture.width == 960
