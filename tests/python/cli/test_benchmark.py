"""`instseg benchmark`: what it counts and prints; not how fast anything is."""

import json
from pathlib import Path
from typing import Any

import pytest
from pictures import write_photo

from instseg.cli.benchmark import STAGES, summary


def test_json_has_every_stage(run: Any, tiny_model: Path, tmp_path: Path) -> None:
    picture = write_photo(tmp_path / "a.jpg", 50, 70)
    command = ["benchmark", tiny_model, picture, "--runs", 3, "--warmup", 1, "--threads", 1]
    done = run(*command, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["image"] == str(picture)
    assert (report["image_width"], report["image_height"]) == (70, 50)
    assert (report["runs"], report["warmup"], report["threads"]) == (3, 1, 1)
    assert (report["model"], report["precision"], report["device"]) == ("Tiny", "fp32", "cpu")
    assert report["instances"] > 0
    assert tuple(report["stages_ms"]) == STAGES
    for row in report["stages_ms"].values():
        assert 0 <= row["min"] <= row["median"] <= row["p90"] <= row["max"]
    stages = [report["stages_ms"][stage]["min"] for stage in STAGES if stage != "total"]
    assert report["stages_ms"]["total"]["max"] >= sum(stages)


def test_text_is_a_table_about_a_made_up_picture(run: Any, tiny_model: Path) -> None:
    done = run("benchmark", tiny_model, "--runs", 1, "--warmup", 0)
    assert "made up: 1920 x 1080 pixels, " in done.stdout
    assert "1 runs after 0" in done.stdout
    for stage in STAGES:
        assert any(line.split()[:1] == [stage] for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [(["gone.png"], 1), (["--runs", "0"], 2), (["--warmup", "-1"], 2), (["--threshold", "9"], 2)],
)
def test_mistakes(run: Any, tiny_model: Path, arguments: list[str], code: int) -> None:
    done = run("benchmark", tiny_model, *arguments)
    assert done.exit_code == code
    assert done.stdout == ""


def test_summary_of_times() -> None:
    times = [float(ms) for ms in (5, 1, 2, 3, 4, 6, 7, 8, 9, 10)]
    assert summary(times) == {"median": 5.5, "p90": 9.0, "min": 1.0, "max": 10.0, "spread": 9 / 5.5}
    assert summary([3.0]) == {"median": 3.0, "p90": 3.0, "min": 3.0, "max": 3.0, "spread": 0.0}
    assert summary([0.0, 0.0])["spread"] == 0.0
