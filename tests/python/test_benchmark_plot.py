"""The picture of the benchmark's table."""

import io
import sys

import numpy as np
import pytest
from PIL import Image
from test_benchmark_table import table

import instseg
from instseg.benchmark_plot import plot_benchmark
from instseg.benchmark_table import BenchmarkTable, official_rows


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def test_measured_times_are_drawn() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    rows = official_rows()
    before = pixels(plot_benchmark(BenchmarkTable(rows, ["two threads"])))
    height, width, _ = before.shape
    assert width == 1440
    assert height > 700
    blue = np.array([0x1B, 0x6C, 0xA8])
    assert not (before == blue).all(axis=2).any()
    [large] = [row for row in rows if row.model == "Mask-RT-DETR-L"]
    large.times["openvino fp32"] = table().rows[0].times["openvino fp32"]
    after = pixels(plot_benchmark(BenchmarkTable(rows, ["two threads"])))
    assert (after == blue).all(axis=2).sum() > 100  # the mark, and one in the legend


def test_models_that_nobody_published_and_failures_are_drawn_too() -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    assert plot_benchmark(table()).startswith(b"\x89PNG")


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(instseg.MissingPackage, match=r"instseg\[plot\]"):
        plot_benchmark(table())
