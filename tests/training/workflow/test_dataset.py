"""Mode check_dataset: which tools are called, in which order, with what. They have their tests."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import Any

import pytest

from instseg.errors import InvalidArgument
from instseg_train.config import read_config
from instseg_train.workflow.dataset import prepare_dataset


class MadeReport:
    passed = True
    num_classes = 2

    def __init__(self, text: str) -> None:
        self._text = text

    def text(self) -> str:
        return self._text

    def result(self) -> dict[str, Any]:
        return {"done_flag": self.passed, "check_pass": self.passed}


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Stands in for the tools; the calls that reach them."""
    seen = []
    tools = ModuleType("instseg_train.dataset_tools")

    def tool(name: str) -> Any:
        def call(*folders: str, progress: Any = None, **options: Any) -> MadeReport:
            seen.append((name, *folders, options))
            return MadeReport(f"{name} was called")

        return call

    for name in ("convert_labelme", "split_dataset", "check_dataset"):
        setattr(tools, name, tool(name))
    monkeypatch.setitem(sys.modules, "instseg_train.dataset_tools", tools)
    return seen


def run(*overrides: str) -> dict[str, Any]:
    here = ["Global.dataset_dir=coins", "Global.output=out"]
    return prepare_dataset(read_config("SOLOv2", [*here, *overrides]))


def test_a_check_alone(calls: list[Any], capsys: pytest.CaptureFixture[str]) -> None:
    assert run() == {"done_flag": True, "check_pass": True}
    assert calls == [("check_dataset", "coins", "out", {})]
    assert capsys.readouterr().out == "check_dataset was called\n"


def test_converted_then_split_then_checked(
    calls: list[Any], capsys: pytest.CaptureFixture[str]
) -> None:
    run(
        "CheckDataset.convert.enable=True",
        "CheckDataset.convert.src_dataset_type=LabelMe",
        "CheckDataset.split.enable=True",
        "CheckDataset.split.train_percent=90",
        "CheckDataset.split.val_percent=10",
        "CheckDataset.split.seed=5",
    )
    assert calls == [
        ("convert_labelme", "coins", {"seed": 5}),
        ("split_dataset", "coins", {"train_percent": 90, "val_percent": 10, "seed": 5}),
        ("check_dataset", "coins", "out", {}),
    ]
    told = capsys.readouterr().out.splitlines()
    assert told == [f"{name} was called" for name, *_ in calls]


def test_a_check_that_fails_is_told_on_stderr(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MadeReport, "passed", False)
    assert run()["done_flag"] is False
    assert capsys.readouterr() == ("", "check_dataset was called\n")


def test_another_number_of_classes_is_told(
    calls: list[Any], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(MadeReport, "num_classes", 5)
    run()
    assert "-o Train.num_classes=5" in capsys.readouterr().out


def test_a_step_that_fails_ends_the_run(calls: list[Any], monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*arguments: Any, **options: Any) -> None:
        raise InvalidArgument("no list")

    monkeypatch.setattr(sys.modules["instseg_train.dataset_tools"], "convert_labelme", fail)
    with pytest.raises(InvalidArgument, match="no list"):
        run("CheckDataset.convert.enable=True", "CheckDataset.convert.src_dataset_type=LabelMe")
    assert calls == []
