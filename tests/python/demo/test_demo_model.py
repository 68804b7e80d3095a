"""The demo model's folder and card."""

import json
from pathlib import Path

import pytest
from demo_stand_in import CARD, write_stand_in

import instseg
from instseg.demo import demo_model as module


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_stand_in(tmp_path / "model")
    monkeypatch.setattr(module, "FOLDER", folder)
    return folder


def test_the_folder_loads(folder: Path) -> None:
    assert instseg.demo_model() == folder
    assert instseg.Predictor(instseg.demo_model()).class_names == ["coin", "cell"]


def test_the_card_is_read(folder: Path) -> None:
    card = module.demo_model_card()
    assert {name: getattr(card, name) for name in module.ModelCard.__annotations__} == {
        name: CARD[name] for name in module.ModelCard.__annotations__
    }


def test_an_installation_without_the_model_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLDER", tmp_path / "none")
    for function in (instseg.demo_model, module.demo_model_card):
        with pytest.raises(instseg.ModelError, match=r"lacks its demo model .*none.*again"):
            function()


@pytest.mark.parametrize(
    "text", ["", "[1]", "{}", json.dumps({**CARD, "mask_AP": "high"}), json.dumps({"model": "x"})]
)
def test_a_damaged_card_is_a_model_error(folder: Path, text: str) -> None:
    (folder / "model_card.json").write_text(text, encoding="utf-8")
    with pytest.raises(instseg.ModelError, match=r"model_card\.json cannot be read"):
        module.demo_model_card()
