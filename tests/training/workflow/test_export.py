"""Mode export: from weights to a model folder inside the output."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

import instseg
from instseg.errors import InvalidArgument, ModelError
from instseg_train import build_model, save_model
from instseg_train.config import Config, read_config
from instseg_train.workflow.export import export

SMALL = {"width": 0.25, "depth": 0.34}


def config(weights: object, output: Path, *more: str) -> Config:
    return read_config(
        "PP-YOLOE_seg-S", [f"Export.weight_path={weights}", f"Global.output={output}", *more]
    )


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 3 classes, with its card."""
    model = build_model("PP-YOLOE_seg-S", 3, **SMALL)
    names = ["coin", "cell", "disc"]
    file = tmp_path_factory.mktemp("weights") / "best_model.pdparams"
    return save_model(model, file, class_names=names, input_size=(64, 64))


def test_a_checkpoint_says_itself_what_it_is(checkpoint: Path, tmp_path: Path) -> None:
    output = tmp_path / "output"
    output.mkdir()
    (output / "train.log").write_text("kept")
    (output / "inference.pdmodel").write_text("of an earlier export")
    content = export(config(checkpoint, output, "Global.model=SOLOv2"))
    files = ["inference.json", "inference.pdiparams", "inference.yml"]
    assert sorted(file.name for file in output.iterdir()) == [*files, "train.log"]
    assert sorted(content["files"]) == files
    described = yaml.safe_load((output / "inference.yml").read_text())
    assert described["Global"]["model_name"] == "PP-YOLOE_seg-S"
    assert instseg.Predictor(output).class_names == ["coin", "cell", "disc"]


def test_other_weights_need_the_configuration(checkpoint: Path, tmp_path: Path) -> None:
    bare = tmp_path / "bare.pdparams"
    bare.symlink_to(checkpoint)
    scale = [f"Train.scale.{key}={value}" for key, value in SMALL.items()]
    with pytest.raises(ModelError, match=r"bare.pdparams does not fit .* with 80 or 2 classes"):
        export(config(bare, tmp_path / "out", *scale))
    assert not (tmp_path / "out").exists()
    export(
        config(bare, tmp_path / "out", *scale, "Train.num_classes=3", "Export.input_size=[64,96]")
    )
    described = yaml.safe_load((tmp_path / "out" / "inference.yml").read_text())
    assert described["Preprocess"][0]["target_size"] == [64, 96]
    assert described["label_list"] == ["class 0", "class 1", "class 2"]


def test_weights_that_are_not_there(checkpoint: Path, tmp_path: Path) -> None:
    with pytest.raises(
        InvalidArgument, match=r"Export.weight_path is .*x.pdparams, which does not"
    ):
        export(config(tmp_path / "x.pdparams", tmp_path))
    with pytest.raises(InvalidArgument, match=r"expected a .pdparams file or its address"):
        export(config(checkpoint.with_suffix(".yml"), tmp_path))
    with pytest.raises(InvalidArgument, match=r"Export.weight_path is not given"):
        export(config(None, tmp_path))
    (tmp_path / "best_model").mkdir()
    best = tmp_path / "best_model" / "best_model.pdparams"
    best.symlink_to(checkpoint)
    with pytest.raises(InvalidArgument, match=f"Training has written {best}"):
        export(config(tmp_path / "x.pdparams", tmp_path))
