"""Ratios, refusals and tables from made-up samples."""

from pathlib import Path
from typing import Any

import pytest
from harness.contenders import Contender
from harness.measurement import Measurement
from harness.record import race_record
from harness.report import ms, report

MODEL = "Mask-RT-DETR-L"
MACHINE = {
    "cpu": "a CPU",
    "cpu_family_model_stepping": "1/2/3",
    "cpu_flags": ["avx2"],
    "cores_available": 4,
    "memory_bytes": 2**34,
    "system": "Linux",
    "python": "3.11.0",
    "load_before": 0.1,
    "load_after": 2.0,
}


def measured(
    name: str, kind: str, totals_ms: list[list[float]], count: int | None = 20, **stages: float
) -> Measurement:
    contender = Contender(name, kind, Path(), Path(), {"precision": "fp32"}, {}, 1)
    rounds = [
        [{"total_ms": total, "count": count, "stages_ms": dict(stages)} for total in totals]
        for totals in totals_ms
    ]
    memory = {"resident_bytes": 2**28, "peak_bytes": 2**29, "peak_was_reset": True}
    info: dict[str, Any] = {"versions": {name: "1.0"}}
    return Measurement(contender, info, rounds, [], memory, memory)


def record_of(*measurements: Measurement) -> dict[str, Any]:
    return {
        **race_record(MODEL, measurements),
        "weights": "generated",
        "measured_at": "2030-01-01T00:00:00+00:00",
        "commit": {"id": "0123456789abcdef", "changed": True},
        "machine": MACHINE,
        "settings": {
            "threads": 2,
            "cores": [0, 1],
            "rounds": 2,
            "image": {"file": "a.jpg", "width": 1920, "height": 1080},
        },
        "threshold": 0.625,
        "notes": ["bf16 was left out"],
    }


def test_the_faster_paddlex_counts() -> None:
    record = record_of(
        measured("PaddleX default", "paddlex", [[9000.0], [9000.0]]),
        measured("PaddleX oneDNN forced", "paddlex", [[6000.0], [8000.0]]),
        measured("instseg fp32", "instseg", [[500.0, 500.0], [500.0, 500.0]]),
    )
    [ratio] = record["end_to_end_ratios"]
    assert ratio["against"] == "PaddleX oneDNN forced"
    assert ratio["ratio"] == 14.0
    assert "**14.00x** (12.00 to 16.00) against PaddleX oneDNN forced" in report([record])


def test_a_ratio_is_refused_when_counts_differ_by_two() -> None:
    record = record_of(
        measured("PaddleX default", "paddlex", [[9000.0]], count=20),
        measured("instseg fp32", "instseg", [[500.0]], count=18),
    )
    [ratio] = record["end_to_end_ratios"]
    assert ratio["ratio"] is None
    text = report([record])
    assert "refused: counts differ: 18 and 20" in text
    assert "x**" not in text


def test_a_count_that_changes_between_runs_is_an_error() -> None:
    unsteady = measured("instseg fp32", "instseg", [[500.0], [500.0]])
    unsteady.rounds[1][0]["count"] = 21
    with pytest.raises(ValueError, match=r"instseg fp32: \[20, 21\] instances"):
        record_of(unsteady)


def test_network_ratio_compares_stage_with_bare_engine() -> None:
    record = record_of(
        measured("instseg fp32", "instseg", [[600.0]], network=525.0),
        measured("OpenVINO fp32", "openvino", [[501.0]], count=None, network=500.0),
    )
    [ratio] = record["network_ratios"]
    assert ratio["ratio"] == pytest.approx(1.05)
    assert "| 525 | 500 | 1.050 (1.050 to 1.050) |" in report([record])


def network_race(paddlex_ms: float) -> dict[str, Any]:
    """A network of 100 GFLOP in 0.5 s, where the peak is 250 GFLOP/s."""
    bare = measured("OpenVINO fp32", "openvino", [[500.0]], count=None, network=500.0)
    bare.info["networks"] = [{"flops": 60_000_000_000}, {"flops": 40_000_000_000}]
    peak = measured("matrix product", "matmul", [[40.0]], count=None, network=40.0)
    peak.info["flops"] = 10_000_000_000
    return record_of(
        measured("PaddleX default", "paddlex", [[paddlex_ms]]),
        measured("instseg fp32", "instseg", [[550.0]], network=500.0),
        bare,
        peak,
    )


def test_network_load_is_a_part_of_the_measured_peak() -> None:
    record = network_race(paddlex_ms=5500.0)
    [ours, bare] = record["network_loads"]
    assert (ours["of"], bare["of"]) == ("instseg fp32", "OpenVINO fp32")
    assert ours["flops"] == 100_000_000_000
    assert ours["flops_per_s"] == pytest.approx(200e9)
    assert ours["peak_flops_per_s"] == pytest.approx(250e9)
    assert ours["fraction_of_peak"] == pytest.approx(0.8)
    assert ours["largest_ratio"] == pytest.approx(5500 / 400)
    row = "| instseg fp32 | 100.0 | 200 | 250 | 80% | 13.8x | 10.0x | 8x: reached |"
    assert row in report([record])


@pytest.mark.parametrize(
    ("paddlex_ms", "verdict"), [(4000.0, "8x: missed"), (3000.0, "8x: beyond the peak")]
)
def test_a_goal_is_judged_by_what_the_peak_allows(paddlex_ms: float, verdict: str) -> None:
    assert f"| {verdict} |" in report([network_race(paddlex_ms)])


def test_without_the_peak_there_is_no_load() -> None:
    record = record_of(measured("instseg fp32", "instseg", [[550.0]], network=500.0))
    assert record["network_loads"] == []


def test_stage_table_shows_what_the_stages_leave_over() -> None:
    record = record_of(
        measured(
            "instseg fp32",
            "instseg",
            [[100.0]],
            decode=20.0,
            preprocess=4.0,
            network=60.0,
            postprocess=8.0,
            rle=1.5,
        )
    )
    row = "| 20.0 | 4.00 | 60.0 | 8.00 | 1.50 | 6.50 | 12.0 (p90 12.0) |"
    assert row in report([record])


def test_a_failure_is_a_row_and_provenance_is_complete() -> None:
    failed = measured("PaddleX default", "paddlex", [])
    failed.error = "crashed"
    failed.info = {}
    text = report([record_of(failed, measured("instseg fp32", "instseg", [[500.0]]))])
    assert "| PaddleX default | failed: crashed |" in text
    for part in (
        "0123456789ab with changes",
        "a CPU",
        "2 threads on cores 0,1",
        "instseg fp32 1.0",
    ):
        assert part in text
    assert "  - bf16 was left out" in text
    table_lines = [line for line in text.splitlines() if line.startswith("|")]
    columns = {line.count("|") for line in table_lines[:4]}
    assert len(columns) == 1


@pytest.mark.parametrize(
    ("value", "text"), [(0.1234, "0.12"), (9.99, "9.99"), (12.34, "12.3"), (6123.4, "6123")]
)
def test_milliseconds(value: float, text: str) -> None:
    assert ms(value) == text
