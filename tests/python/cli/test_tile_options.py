"""`--tile` and `--overlap`: what they accept, and that they reach the predictor."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from typer.testing import CliRunner

from instseg import InvalidArgument, Predictor
from instseg.cli.app import app
from instseg.cli.tile_options import parse_overlap, parse_tile


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (None, None),
        ("640", 640),
        ("480x640", (480, 640)),
        (" 480 X 640 ", (480, 640)),
        ("2,3", (2, 3)),
    ],
)
def test_tiles(text: str | None, expected: object) -> None:
    assert parse_tile(text) == expected


@pytest.mark.parametrize("text", ["", "a", "640x", "x640", "1x2x3", "-640", "6.4", "1" * 10])
def test_wrong_tiles(text: str) -> None:
    with pytest.raises(InvalidArgument, match="--tile"):
        parse_tile(text)


def test_overlaps() -> None:
    assert parse_overlap("0.25") == 0.25
    pixels = parse_overlap("128")
    assert pixels == 128
    assert isinstance(pixels, int)
    with pytest.raises(InvalidArgument, match="--overlap 'much'"):
        parse_overlap("much")


def test_predict_in_tiles(tiny_model: Path, tmp_path: Path) -> None:
    image = np.zeros((100, 200, 3), np.uint8)
    image[10:90, 20:180, 0] = 255
    Image.fromarray(image).save(tmp_path / "a.png")
    command = ["predict", str(tiny_model), str(tmp_path / "a.png"), "-o", str(tmp_path / "out")]
    run = CliRunner().invoke(app, [*command, "--tile", "64x80", "--overlap", "16", "--no-picture"])
    assert run.exit_code == 0, run.output
    [written] = (tmp_path / "out").glob("*.json")
    instances = json.loads(written.read_text())["instances"]
    expected = Predictor(tiny_model).predict(tmp_path / "a.png", tile=(64, 80), overlap=16)
    assert [i["box"] for i in instances] == expected.boxes.tolist()


def test_wrong_options_end_the_command_before_the_model_is_loaded(tmp_path: Path) -> None:
    run = CliRunner().invoke(app, ["predict", "no model", "a.png", "--tile", "many"])
    assert run.exit_code == 2
    assert "--tile 'many'" in run.output
