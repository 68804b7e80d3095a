"""The published table with measured columns."""

import csv
import io
import sys
from pathlib import Path

import pytest

import instseg
from instseg.benchmark_table import BenchmarkRow, BenchmarkTable, Timing
from instseg.model_names import OFFICIAL_MODELS
from instseg.published import published_figures


def table() -> BenchmarkTable:
    rows = [
        BenchmarkRow("Mask-RT-DETR-L", 115.02, {"openvino fp32": Timing(801.26, 817.0)}),
        BenchmarkRow("SOLOv2", None, {}, {"openvino fp32": "out of memory"}),
        BenchmarkRow("my-model", 1.5, {"openvino fp32": Timing(1234.5, 2.25)}),
    ]
    return BenchmarkTable(rows, ["measured with 2 threads"])


def test_every_official_model_has_published_figures() -> None:
    figures = published_figures()
    assert sorted(figures) == sorted(OFFICIAL_MODELS)
    large = figures["Mask-RT-DETR-L"]
    assert (large.mask_ap, large.t4_ms, large.xeon_ms) == (45.7, 46.5059, 2575.92)
    assert figures["SOLOv2"].t4_ms is None
    assert all(20 < f.mask_ap < 60 and f.size_mb > 1 for f in figures.values())


def test_cells_hold_published_and_measured_figures() -> None:
    rows = list(csv.DictReader(io.StringIO(table().csv())))
    assert rows[0]["model"] == "Mask-RT-DETR-L"
    assert rows[0]["mask AP (published)"] == "45.7"
    assert rows[0]["T4 FP32 ms (published)"] == "46.5"
    assert rows[0]["Xeon 5117 FP32 8 threads ms (published)"] == "2576"
    assert rows[0]["openvino fp32: network ms"] == "801.3"
    assert rows[1]["openvino fp32: network ms"] == "failed"
    assert rows[2]["mask AP (published)"] == ""
    assert rows[2]["openvino fp32: network ms"] == "1234"


def test_markdown_is_a_table_with_notes() -> None:
    lines = table().markdown().splitlines()
    cells = {line.count("|") for line in lines if line.startswith("|")}
    assert len(cells) == 1
    assert "* measured with 2 threads" in lines
    assert "* SOLOv2, openvino fp32: out of memory" in lines


def test_files_are_written(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    paths = table().save(tmp_path / "out")
    assert [path.name for path in paths] == ["benchmark.md", "benchmark.csv", "benchmark.png"]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == sorted(
        path.name for path in paths
    )
    assert (tmp_path / "out" / "benchmark.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_nothing_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(instseg.InvalidArgument, match=r"instseg\[plot\]"):
        table().save(tmp_path / "out")
    assert not (tmp_path / "out").exists()
