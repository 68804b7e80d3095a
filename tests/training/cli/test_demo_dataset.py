"""`instseg demo-dataset`, as a user calls it."""

from __future__ import annotations

import json
from pathlib import Path

from typer import Typer
from typer.testing import CliRunner

from instseg_train.cli.demo_dataset import demo_dataset

app = Typer()
app.command()(demo_dataset)


def test_a_data_set_is_drawn(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    options = ["--train", "2", "--val", "1", "--size", "64", "--seed", "3"]
    done = CliRunner().invoke(app, [str(folder), *options])
    assert done.exit_code == 0, done.output
    assert f"2 + 1 pictures in {folder}" in done.output
    content = json.loads((folder / "annotations" / "instance_train.json").read_text())
    assert [image["file_name"] for image in content["images"]] == [
        "train_00000.jpg",
        "train_00001.jpg",
    ]
    assert len(list((folder / "images").iterdir())) == 3
