"""The engine "paddle" on the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from official import official
from pictures import write_photo
from typer.testing import CliRunner

from instseg.cli.app import app


@pytest.fixture
def fake(paddle: Any) -> Any:
    outputs = {
        "boxes_out": np.array([[1, 0.75, 4, 5, 20, 30]], np.float32),
        "count_out": np.array([1], np.int32),
        "masks_out": np.ones((1, 40, 50), np.int32),
    }
    paddle.program = lambda inputs: outputs
    return paddle


def run(*arguments: object) -> str:
    done = CliRunner().invoke(app, [str(argument) for argument in arguments])
    assert done.exit_code == 0, done.output
    return done.stdout


def test_predict(fake: Any, tmp_path: Path) -> None:
    photo = write_photo(tmp_path / "a.png", 40, 50)
    folder = official(tmp_path / "m")
    out = tmp_path / "out"
    table = run("predict", folder, photo, "--engine", "paddle", "--output", out)
    assert "dog" in table
    [file] = out.glob("*.json")
    assert json.loads(file.read_text())["instances"][0]["score"] == 0.75


def test_doctor_and_info_list_it(fake: Any, tiny_model: Path) -> None:
    assert "engine         paddle 3.3.1 (cpu; fp32)\n" in run("doctor")
    line = "engine          paddle 3.3.1 (cpu; fp32); needs the official folder"
    assert line in run("info", tiny_model).splitlines()
