"""Mode evaluate: what reaches the measuring, and what comes of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import instseg_train.evaluate as measuring
from instseg.errors import InvalidArgument
from instseg_train.config import read_config
from instseg_train.workflow.evaluation import evaluate


class MadeEvaluation:
    def table(self) -> str:
        return "the table"

    def to_dict(self) -> dict[str, Any]:
        return {"metrics": {"AP": 0.25}, "images": 2}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, Any]]]:
    seen = []

    def measure(weights: Any, dataset_dir: Any, *, progress: Any, **options: Any) -> Any:
        progress(1)
        seen.append((str(weights), str(dataset_dir), options))
        return MadeEvaluation()

    def write(folder: Path, evaluation: Any) -> list[Path]:
        return [folder / "pr_curves.png"]

    monkeypatch.setattr(measuring, "evaluate", measure, raising=False)
    monkeypatch.setattr(measuring, "write_evaluation", write, raising=False)
    return seen


def run(weights: object, *more: str) -> dict[str, Any]:
    overrides = [f"Evaluate.weight_path={weights}", "Global.dataset_dir=coins", *more]
    return evaluate(read_config("PP-YOLOE_seg-S", overrides))


def test_an_exported_folder(
    tmp_path: Path, calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "inference").mkdir()
    content = run(
        tmp_path / "inference",
        "Evaluate.engine=paddle",
        "Evaluate.precision=bf16",
        "Global.device=gpu:1,2",
    )
    files = ["evaluate/pr_curves.png"]
    assert content == {"metrics": {"AP": 0.25}, "images": 2, "files": files}
    options = {"engine": "paddle", "device": "gpu:1", "precision": "bf16"}
    assert calls == [(f"{tmp_path}/inference", "coins", options)]
    assert capsys.readouterr().out == "the table\n"


def test_a_checkpoint_with_a_card_and_one_without(tmp_path: Path, calls: list[Any]) -> None:
    weights = tmp_path / "a.pdparams"
    weights.write_bytes(b"")
    run(weights, "Train.scale.width=0.5", "Export.input_size=[64,64]")
    weights.with_suffix(".yml").write_text("")
    run(weights)
    here = {"engine": "auto", "device": "cpu", "precision": "fp32"}
    of_config = {
        "model": "PP-YOLOE_seg-S",
        "input_size": (64, 64),
        "scale": {"width": 0.5, "depth": 1.0},
    }
    assert [options for _, _, options in calls] == [{**here, **of_config}, here]


def test_no_weights(tmp_path: Path, calls: list[Any]) -> None:
    with pytest.raises(InvalidArgument, match=r"Evaluate.weight_path is .*, which does not exist"):
        run(tmp_path / "none.pdparams")
