"""The commands of the training package, as a user types them."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner

import instseg.optional_package as optional_package
import instseg_train.workflow as workflow
from instseg.errors import InvalidArgument, MissingPackage
from instseg_train.config import Config
from instseg_train.workflow import dataset as dataset_stages

tomllib = pytest.importorskip("tomllib")  # Python 3.11

ROOT = Path(__file__).resolve().parents[3]
POINTS: dict[str, str] = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
    "entry-points"
]["instseg.commands"]


def command(name: str) -> Any:
    module, _, attribute = POINTS[name].partition(":")
    return getattr(import_module(module), attribute)


def app() -> typer.Typer:
    made = typer.Typer(pretty_exceptions_enable=False)
    for name in POINTS:
        found = command(name)
        if isinstance(found, typer.Typer):
            made.add_typer(found, name=name)
        else:
            made.command(name)(found)
    return made


def call(*words: object) -> Any:
    return CliRunner().invoke(app(), [str(word) for word in words], catch_exceptions=False)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[Config]:
    """What reaches the workflow."""
    seen: list[Config] = []
    monkeypatch.setattr(workflow, "run", lambda config: seen.append(config) or 0)
    for stage in ("convert", "split"):
        monkeypatch.setattr(dataset_stages, stage, seen.append)
    return seen


def test_check_dataset(runs: list[Config]) -> None:
    assert call("check-dataset", "coins", "--output", "out").exit_code == 0
    [config] = runs
    general = config.general
    assert (general.mode, general.dataset_dir, general.output) == ("check_dataset", "coins", "out")
    assert not config.check_dataset.convert.enable
    assert not config.check_dataset.split.enable


def test_convert(runs: list[Config]) -> None:
    assert call("convert", "coins").exit_code == 0
    assert runs[0].general.dataset_dir == "coins"
    assert runs[0].check_dataset.convert.enable


def test_split(runs: list[Config]) -> None:
    assert call("split", "coins").exit_code == 0
    assert call("split", "coins", "--train", "70", "--val", "30", "--seed", "4").exit_code == 0
    splits = [config.check_dataset.split for config in runs]
    assert [(one.train_percent, one.val_percent, one.seed) for one in splits] == [
        (80, 20, 0),
        (70, 30, 4),
    ]
    with pytest.raises(InvalidArgument, match="sum to 100"):
        call("split", "coins", "--train", "70", "--val", "20")


def test_train(runs: list[Config]) -> None:
    words = ["--dataset", "coins", "--output", "123", "--device", "cpu:2", "--classes", "3"]
    words += ["--epochs", "5", "--batch-size", "4", "--resume", "a/1.pdparams"]
    words += ["-o", "Train.seed=7", "-o", "Train.epochs_iters=6"]
    assert call("train", "-c", "PP-YOLOE_seg-S", *words).exit_code == 0
    [config] = runs
    general, train = config.general, config.train
    assert (general.model, general.mode, general.dataset_dir, general.output, general.device) == (
        "PP-YOLOE_seg-S",
        "train",
        "coins",
        "123",
        "cpu:2",
    )
    assert (train.num_classes, train.batch_size, train.resume_path) == (3, 4, "a/1.pdparams")
    assert (train.epochs_iters, train.seed) == (6, 7), "--override has the last word"


def test_evaluate_and_export(runs: list[Config]) -> None:
    words = ["--dataset", "coins", "--engine", "paddle", "--precision", "bf16"]
    assert call("evaluate", "coins_infer", *words).exit_code == 0
    assert call("export", "a=b.pdparams", "--output", "out", "--format", "legacy").exit_code == 0
    evaluate, export = runs[0].evaluate, runs[1].export
    assert [config.general.mode for config in runs] == ["evaluate", "export"]
    assert (evaluate.weight_path, evaluate.engine, evaluate.precision) == (
        "coins_infer",
        "paddle",
        "bf16",
    )
    assert (export.weight_path, export.program_format) == ("a=b.pdparams", "legacy")
    assert runs[1].general.output == "out"


def test_a_run_that_fails_gives_its_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workflow, "run", lambda config: 1)
    assert call("train", "-c", "SOLOv2").exit_code == 1


def test_config() -> None:
    shown = call("config", "show", "SOLOv2", "-o", "Train.epochs_iters=3")
    assert yaml.safe_load(shown.stdout)["Train"]["epochs_iters"] == 3
    listed = call("config", "list").stdout.split()
    assert len(listed) == 15
    assert "SOLOv2" in listed


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> None:
    """An environment without the extra."""

    def missing(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(optional_package, "import_module", missing)


@pytest.mark.usefixtures("bare")
@pytest.mark.parametrize("name", sorted(POINTS))
def test_without_the_extra_each_command_names_it(name: str) -> None:
    words = {"config": ["show", "SOLOv2"], "train": ["-c", "SOLOv2"]}.get(name, ["x"])
    with pytest.raises(MissingPackage, match=rf"instseg {name}.* needs .* 'instseg\[train\]'"):
        call(name, *words)


def test_the_sdk_can_list_them_without_the_extra() -> None:
    """Loading them imports none of the packages that the extra brings."""
    modules = ", ".join(point.partition(":")[0] for point in POINTS.values())
    packages = "pydantic paddle cv2 scipy pycocotools matplotlib tensorboardX"
    code = f"import sys, {modules}; print([p for p in {packages.split()} if p in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
