"""The report: every table, its order and what it leaves out."""

from __future__ import annotations

from parity.records import Json
from parity.report import report

COMPARISON = {
    "threshold": 0.3,
    "rows": 20,
    "unpaired": 1,
    "score": 1e-3,
    "box_px": 0.25,
    "iou_min": 0.96,
    "iou_median": 0.995,
    "faults": [],
    "excused": [],
}


def record(check: str, model: str, program_format: str, photo: str, figures: Json) -> Json:
    return {
        "check": check,
        "model": model,
        "format": program_format,
        "photo": photo,
        "figures": figures,
        "commit": "0123456789ab",
        "measured_at": "2030-01-02T03:04:05+00:00",
    }


def rows(text: str, model: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith(f"| {model} |")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_detections_are_in_the_order_of_the_table() -> None:
    records = [
        record("detections", "Mask-RT-DETR-S", "old", "coffee.jpg", COMPARISON),
        record("detections", "Mask-RT-DETR-S", "pir", "motorcycle.jpg", COMPARISON),
        record("detections", "Mask-RT-DETR-S", "pir", "cat.png", COMPARISON),
        record("detections", "no longer a model", "pir", "cat.png", COMPARISON),
    ]
    text = report(records)
    found = rows(text, "Mask-RT-DETR-S")
    assert [row[1:3] for row in found] == [
        ["PIR, Paddle 3.3.1", "cat.png"],
        ["PIR, Paddle 3.3.1", "motorcycle.jpg"],
        ["legacy, Paddle 3.0.0", "coffee.jpg"],
    ]
    assert found[0][3:] == [
        *("0.3", "20", "1", "0", "0.250", "1.0e-03", "0.9600", "0.9950"),
        *("1 px, 0.005, 0.95, 0.99", "none"),
    ]
    assert "no longer a model" not in text
    assert "2030-01-02 at commit 0123456789ab" in text
    assert "## Post-processing alone" not in text


def test_excused_rows_are_named() -> None:
    excused = ["class 3, score 0.6: box off by 9 px", "class 3, score 0.6: mask IoU 0.5"]
    text = report(
        [
            record(
                "detections", "Mask-RT-DETR-L", "pir", "cat.png", COMPARISON | {"excused": excused}
            )
        ]
    )
    [row] = rows(text, "Mask-RT-DETR-L")
    assert row[6] == f"1; {excused[0]}; {excused[1]}"


def test_a_stage_shows_the_worst_of_its_tensors_and_photos() -> None:
    records = [
        record("stages", "Mask-RT-DETR-X", "pir", "cat.png", {"neck": {"a": 1e-5, "b": 3e-5}}),
        record("stages", "Mask-RT-DETR-X", "pir", "coffee.jpg", {"neck": {"a": 7e-5, "b": 0.0}}),
    ]
    [row] = rows(report(records), "Mask-RT-DETR-X")
    assert row == ["Mask-RT-DETR-X", "PIR, Paddle 3.3.1", "7.0e-05"]


def test_post_processing_and_stored_numbers() -> None:
    kinds = {
        "clipped": COMPARISON | {"equal": 19, "iou_min": 0.9995},
        "whole": COMPARISON | {"equal": 20, "rows": 100},
    }
    text = report(
        [
            record("post-processing", "Mask-RT-DETR-H", "old", "cat.png", kinds),
            record("stored", "Mask-RT-DETR-M", "pir", "test image", {"p": 1e-6, "q": 2e-5}),
        ]
    )
    [row] = rows(text, "Mask-RT-DETR-H")
    assert row[3:] == ["100", "2.5e-01", "1.0e-03", "0.99950", "19", "0.96000", "20"]
    [row] = rows(text, "Mask-RT-DETR-M")
    assert row[2:] == ["2", "2.0e-05", "q"]
