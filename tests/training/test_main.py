"""`python main.py`, in a process of its own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from pictures import write_photo

ROOT = Path(__file__).resolve().parents[2]


def main(*words: object, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, ROOT / "main.py", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment},
    )


def test_the_tutorials_form_ends_in_a_picture(tiny_model: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "street.png", 50, 60)
    done = main(
        "-c", "paddlex/configs/instance_segmentation/Mask-RT-DETR-L.yaml",
        "-o", "Global.mode=predict",
        "-o", f"Predict.model_dir={tiny_model}", f"Predict.input={tmp_path}/street.png",
        "-o", f"Global.output={tmp_path}/out",
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "out" / "street_segmented.png").is_file()
    assert json.loads((tmp_path / "out" / "predict_result.json").read_text())["done_flag"] is True


def test_a_run_that_fails(tmp_path: Path) -> None:
    done = main(
        "-c", "SOLOv2", "-o", "Global.mode=predict", f"Global.output={tmp_path}",
        f"Predict.model_dir={tmp_path}/nowhere",
    )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.startswith("instseg: predict: Predict.model_dir is")
    assert json.loads((tmp_path / "predict_result.json").read_text())["done_flag"] is False


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-c", "SOLOv2", "-o", "Train.epoch=2"], "Did you mean Train.epochs_iters?"),
        (["-c", "SOLO"], "Did you mean SOLOv2?"),
        ([], "the following arguments are required: -c/--config"),
        (["-c", "SOLOv2", "stray"], "unrecognized arguments: stray"),
    ],
)
def test_a_wrong_configuration(words: list[str], message: str) -> None:
    done = main(*words)
    assert done.returncode == 2
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_help() -> None:
    done = main("--help")
    assert done.returncode == 0
    assert "examples:\n  python main.py -c Mask-RT-DETR-L" in done.stdout


def test_without_the_extra_it_names_it(tmp_path: Path) -> None:
    (tmp_path / "pydantic.py").write_text("raise ImportError('left out')")
    paths = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    done = main("-c", "SOLOv2", PYTHONPATH=paths)
    assert done.returncode == 1
    assert done.stderr.startswith("instseg: main.py needs the package pydantic")
    assert "pip install 'instseg[train]'" in done.stderr
