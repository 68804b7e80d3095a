"""The published table with measured columns."""

import csv
import io

from instseg.benchmark_table import BenchmarkRow, BenchmarkTable, official_rows
from instseg.model_names import OFFICIAL_MODELS
from instseg.published import published_figures
from instseg.stage_times import STAGES, StageTimes, summary


def times(network_ms: float, total_ms: float) -> StageTimes:
    """Every stage as long as the network, all together total_ms."""
    stages = {stage: summary([total_ms if stage == "total" else network_ms]) for stage in STAGES}
    return StageTimes(stages, instances=3, image_size=(1080, 1920))


def table() -> BenchmarkTable:
    run = "openvino fp32"
    rows = [
        BenchmarkRow("Mask-RT-DETR-L", "Mask-RT-DETR-L", 115.02, {run: times(801.26, 817.0)}),
        BenchmarkRow("SOLOv2", "SOLOv2", None, {}, {run: "out of memory"}),
        BenchmarkRow("my-model", "my-model", 1.5, {run: times(1234.5, 2.25)}),
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
    for header in ("| model | mask AP", "| model | run |"):
        [start] = [i for i, line in enumerate(lines) if line.startswith(header)]
        assert len({line.count("|") for line in lines[start : start + 4]}) == 1
    assert "* measured with 2 threads" in lines
    assert "* SOLOv2, openvino fp32: out of memory" in lines


def test_stages_are_listed_per_run() -> None:
    [large, mine] = table().stage_cells()
    assert large == [
        "Mask-RT-DETR-L",
        "openvino fp32",
        "3",
        *["801.3"] * 5,  # decode to rle
        "817.0",
        "817.0",
        "0 %",
    ]
    assert mine[0] == "my-model"
    assert len(large) == len(table().stage_header())


def test_what_was_not_measured_is_empty_in_csv_and_a_dash_in_markdown() -> None:
    rows = official_rows()
    assert [row.label for row in rows] == list(OFFICIAL_MODELS)
    rows[0].times["openvino fp32"] = times(1.0, 2.0)
    both = BenchmarkTable(rows, [])
    [line] = [line for line in both.markdown().splitlines() if line.startswith("| SOLOv2 ")]
    assert line == "| SOLOv2 | 35.5 | 179.1 | - | - | - | - | - |"
    assert both.csv().splitlines()[-1] == "SOLOv2,35.5,179.1,,,,,"


def test_markdown_cells_cannot_break_the_table() -> None:
    row = BenchmarkRow("a|b", "a", None, {"x fp32": times(1.0, 2.0)}, {"y fp32": "two\nlines"})
    text = BenchmarkTable([row], []).markdown()
    assert "| a\\|b |" in text
    assert "* a|b, y fp32: two lines" in text.splitlines()
