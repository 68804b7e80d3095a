"""`instseg benchmark`: what it measures, prints and writes; not how fast anything is."""

import csv
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest
from pictures import write_photo

import instseg.model_store
from instseg.model_names import OFFICIAL_MODELS
from instseg.stage_times import STAGES

NAMES = ["benchmark.csv", "benchmark.json", "benchmark.md", "benchmark.png"]
QUICK = ["--runs", 1, "--warmup", 0]


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_photo(tmp_path / "a.jpg", 50, 70)


@pytest.fixture
def models(tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A model folder SOLOv2, so called inside too, where names are looked up."""
    folder = tmp_path / "models"
    shutil.copytree(tiny_model, folder / "SOLOv2")
    manifest = folder / "SOLOv2" / "instseg.json"
    manifest.write_text(manifest.read_text().replace('"Tiny"', '"SOLOv2"'))
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(folder))
    return folder


def test_json_has_every_stage(run: Any, tiny_model: Path, picture: Path) -> None:
    command = ["benchmark", tiny_model, "--image", picture, "--runs", 3, "--warmup", 1]
    done = run(*command, "--threads", 1, "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    report = json.loads(done.stdout)
    assert report["problems"] == []
    [measured] = report["measurements"]
    assert measured["image"] == str(picture)
    assert (measured["image_width"], measured["image_height"]) == (70, 50)
    assert (measured["runs"], measured["warmup"], measured["threads"]) == (3, 1, 1)
    assert (measured["model"], measured["precision"], measured["device"]) == ("Tiny", "fp32", "cpu")
    assert measured["instances"] > 0
    assert measured["flops"] == 2 * 16 * 3 * 4
    assert tuple(measured["stages_ms"]) == STAGES


def test_text_is_a_table_about_a_made_up_picture(run: Any, tiny_model: Path) -> None:
    done = run("benchmark", tiny_model, *QUICK)
    assert "made up: 1920 x 1080 pixels, " in done.stdout
    assert "1 runs after 0" in done.stdout
    for stage in STAGES:
        assert any(line.split()[:1] == [stage] for line in done.stdout.splitlines())


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["--image", "gone.png"], 1),
        (["--runs", "0"], 2),
        (["--warmup", "-1"], 2),
        (["--threshold", "9"], 2),
        (["--engine", "motor"], 2),
        (["--precision", "fp7"], 2),
        (["--device", "tpu"], 1),
    ],
)
def test_mistakes(run: Any, tiny_model: Path, arguments: list[str], code: int) -> None:
    done = run("benchmark", tiny_model, *arguments)
    assert done.exit_code == code
    assert done.stdout == ""


def test_files_hold_all_published_models_and_the_measured_ones(
    run: Any, tiny_model: Path, models: Path, picture: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    output = tmp_path / "out" / "deep"
    command = ["benchmark", "SOLOv2", tiny_model, "--image", picture, *QUICK, "--output", output]
    done = run(*command)
    assert (done.exit_code, done.stderr) == (0, "")
    assert sorted(path.name for path in output.iterdir()) == NAMES
    rows = list(csv.DictReader((output / "benchmark.csv").read_text().splitlines()))
    assert [row["model"] for row in rows] == [*OFFICIAL_MODELS, "Tiny"]
    measured = {row["model"] for row in rows if row["openvino fp32: network ms"]}
    assert measured == {"SOLOv2", "Tiny"}
    text = (output / "benchmark.md").read_text()
    assert "* This machine: " in text
    assert "openvino 2" in text
    assert "70 x 50" in text
    assert (output / "benchmark.png").read_bytes().startswith(b"\x89PNG")
    assert len(json.loads((output / "benchmark.json").read_text())["measurements"]) == 2


def test_two_folders_of_one_model_have_two_rows(
    run: Any, models: Path, picture: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    shutil.copytree(models / "SOLOv2", models / "tuned")
    both = [models / "SOLOv2", models / "tuned"]
    run("benchmark", *both, "--image", picture, *QUICK, "--output", tmp_path / "out")
    rows = list(csv.DictReader((tmp_path / "out" / "benchmark.csv").read_text().splitlines()))
    assert [row["model"] for row in rows if row["openvino fp32: network ms"]] == [
        "SOLOv2",
        "SOLOv2 (tuned)",
    ]


def test_a_failure_does_not_stop_the_others(
    run: Any, tiny_model: Path, models: Path, picture: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    shutil.copytree(tiny_model, models / "damaged")
    (models / "damaged" / "network.onnx").write_bytes(b"x")
    command = ["benchmark", "gone/", models / "damaged", "MaskRCNN-ResNet50", "SOLOv2"]
    done = run(*command, "--image", picture, *QUICK, "--output", tmp_path / "out")
    assert done.exit_code == 1
    lines = [line for line in done.stderr.splitlines() if line.startswith("instseg: ")]
    assert len(lines) == 3
    for model in ("gone", "damaged", "MaskRCNN-ResNet50"):
        assert any(model in line for line in lines)
    assert "SOLOv2, openvino" in done.stdout
    rows = list(csv.DictReader((tmp_path / "out" / "benchmark.csv").read_text().splitlines()))
    cells = {row["model"]: row["openvino fp32: network ms"] for row in rows}
    assert cells["MaskRCNN-ResNet50"] == "failed"
    assert float(cells["SOLOv2"]) > 0
    report = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert len(report["problems"]) == 3


def test_an_interrupted_run_keeps_what_it_measured(
    run: Any,
    tiny_model: Path,
    models: Path,
    picture: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    locate = instseg.model_store.locate_model

    def interrupted(model: str, *options: Any) -> Path:
        if model == str(tiny_model):
            raise KeyboardInterrupt
        return locate(model, *options)

    monkeypatch.setattr("instseg.model_store.locate_model", interrupted)
    command = ["benchmark", "SOLOv2", tiny_model, "--image", picture, *QUICK]
    assert run(*command, "--output", tmp_path / "out").exit_code != 0
    report = json.loads((tmp_path / "out" / "benchmark.json").read_text())
    assert [measured["model"] for measured in report["measurements"]] == ["SOLOv2"]


def test_files_of_an_earlier_run_stay_unless_told(
    run: Any, tiny_model: Path, picture: Path, tmp_path: Path
) -> None:
    pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "benchmark.csv").write_text("mine")
    command = ["benchmark", tiny_model, "--image", picture, *QUICK, "--output", tmp_path / "out"]
    done = run(*command)
    assert (done.exit_code, done.stdout) == (2, "")
    assert "--overwrite" in done.stderr
    assert (tmp_path / "out" / "benchmark.csv").read_text() == "mine"
    assert run(*command, "--overwrite").exit_code == 0
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == NAMES


def test_without_matplotlib_nothing_is_measured(
    run: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    done = run("benchmark", tiny_model, *QUICK, "--output", tmp_path / "out")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "instseg[plot]" in done.stderr
    assert not (tmp_path / "out").exists()
