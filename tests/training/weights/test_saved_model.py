"""Models written to disk with what they are, and read again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import paddle
import pytest
import yaml

from instseg.errors import InvalidArgument, ModelError
from instseg_train import build_model, export_model, load_model, save_model

SMALL = {"width": 0.125, "depth": 0.34}
NAMES = ["coin", "žeton"]


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    paddle.seed(1)
    model = build_model("PP-YOLOE_seg-S", 2, from_scratch=True, **SMALL)
    return save_model(model, tmp_path / "best.pdparams", class_names=NAMES, input_size=(96, 64))


def test_a_model_comes_back_as_it_was_saved(saved: Path) -> None:
    paddle.seed(1)
    model = build_model("PP-YOLOE_seg-S", 2, from_scratch=True, **SMALL)
    again, card = load_model(saved)
    assert (again.name, again.num_classes, again.from_scratch) == (model.name, 2, True)
    assert (card.class_names, card.input_size, card.scale) == (NAMES, [96, 64], SMALL)
    ours, theirs = again.state_dict(), model.state_dict()
    assert list(ours) == list(theirs)
    assert all(np.array_equal(ours[key].numpy(), theirs[key].numpy()) for key in ours)


def test_a_saved_model_is_exported_with_its_classes_and_size(saved: Path, tmp_path: Path) -> None:
    export_model(saved, tmp_path / "folder", verify=False)
    content = yaml.safe_load((tmp_path / "folder" / "inference.yml").read_text(encoding="utf-8"))
    assert content["label_list"] == NAMES
    assert content["Preprocess"][0]["target_size"] == [96, 64]
    assert content["Global"] == {"model_name": "PP-YOLOE_seg-S"}


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"There is no file .*best\.pdparams"):
        load_model(tmp_path / "best.pdparams")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"class_names": []}, "0 class names were given for a model of 2 classes"),
        ({"input_size": ()}, r"input_size is \(\); give two whole numbers"),
        ({"input_size": (96.5, 64)}, r"input_size is \(96\.5, 64\)"),
        ({"input_size": (48, 64)}, "multiples of 32"),
    ],
)
def test_exports_that_are_refused(
    saved: Path, tmp_path: Path, arguments: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgument, match=message):
        export_model(saved, tmp_path / "folder", verify=False, **arguments)
    assert not (tmp_path / "folder").exists()


def test_weights_without_a_card_say_what_to_do(saved: Path) -> None:
    saved.with_suffix(".yml").unlink()
    with pytest.raises(ModelError, match=r"there is no best\.yml .* load_weights\(model, file\)"):
        load_model(saved)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model": 3}, "model is not the name of one"),
        ({"class_names": []}, "class_names is not a list of names"),
        ({"class_names": "coin"}, "class_names is not a list of names"),
        ({"input_size": [96]}, "input_size is not a list of two whole numbers"),
        ({"from_scratch": "no"}, "from_scratch is not true or false"),
        ({"scale": {"width": "wide"}}, "scale does not give numbers by name"),
        ({"epochs": 3}, "epochs is not among the keys model, class_names"),
    ],
)
def test_cards_that_describe_no_model(saved: Path, change: dict[str, object], message: str) -> None:
    card = saved.with_suffix(".yml")
    content = yaml.safe_load(card.read_text(encoding="utf-8"))
    card.write_text(yaml.safe_dump(content | change), encoding="utf-8")
    with pytest.raises(ModelError, match=message):
        load_model(saved)


@pytest.mark.parametrize("text", ["[1, 2]", "a: [", "\x00"])
def test_cards_that_are_no_table(saved: Path, text: str) -> None:
    saved.with_suffix(".yml").write_text(text, encoding="utf-8")
    with pytest.raises(ModelError, match=r"best\.yml"):
        load_model(saved)


def test_weights_of_another_size_are_refused(saved: Path) -> None:
    card = saved.with_suffix(".yml")
    content = yaml.safe_load(card.read_text(encoding="utf-8"))
    card.write_text(yaml.safe_dump(content | {"scale": {"width": 0.25}}), encoding="utf-8")
    with pytest.raises(ModelError, match="does not fit the model"):
        load_model(saved)


def test_what_save_model_refuses(tmp_path: Path) -> None:
    model = build_model("PP-YOLOE_seg-S", 2, **SMALL)
    with pytest.raises(InvalidArgument, match=r"does not end in \.pdparams"):
        save_model(model, tmp_path / "best.pth", class_names=NAMES)
    with pytest.raises(InvalidArgument, match="1 class names were given for a model of 2 classes"):
        save_model(model, tmp_path / "best.pdparams", class_names=["coin"])
    with pytest.raises(InvalidArgument, match="class_names is the string 'ab'"):
        save_model(model, tmp_path / "best.pdparams", class_names="ab")
    assert not list(tmp_path.iterdir())
