"""From the mode to the function, and how each end is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from instseg.errors import ModelError
from instseg_train.config import Config, read_config
from instseg_train.workflow import MODES, run

ALL_MODES = ("check_dataset", "train", "evaluate", "export", "predict")


def config(output: Path, mode: str) -> Config:
    return read_config("SOLOv2", [f"Global.mode={mode}", f"Global.output={output}"])


def result(output: Path, mode: str) -> Any:
    return json.loads((output / f"{mode}_result.json").read_text())


def test_there_is_a_function_for_each_mode() -> None:
    assert tuple(MODES) == ALL_MODES


@pytest.mark.parametrize("mode", ALL_MODES)
def test_success(mode: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    monkeypatch.setitem(MODES, mode, lambda config: seen.append(config) or {"x": 1})
    given = config(tmp_path / "out", mode)
    assert run(given) == 0
    assert seen == [given]
    assert result(tmp_path / "out", mode) == {"done_flag": True, "x": 1}


def test_a_mode_that_writes_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(MODES, "train", lambda config: None)
    assert run(config(tmp_path, "train")) == 0
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("mode", ALL_MODES)
@pytest.mark.parametrize("own", [True, False], ids=["own error", "foreign error"])
def test_failure(
    mode: str,
    own: bool,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    error: Exception = ModelError("no such weights") if own else KeyError("strange")

    def fail(config: Config) -> None:
        raise error

    monkeypatch.setitem(MODES, mode, fail)
    assert run(config(tmp_path / "out", mode)) == 1
    assert result(tmp_path / "out", mode) == {
        "done_flag": False,
        "err_type": str(type(error)),
        "err_msg": str(error),
    }
    told = capsys.readouterr().err
    assert told.endswith(f"instseg: {mode}: {error}\n")
    assert ("Traceback" in told) is not own


def test_a_mode_that_says_itself_that_it_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = {"done_flag": False, "check_pass": False}
    monkeypatch.setitem(MODES, "check_dataset", lambda config: content)
    assert run(config(tmp_path, "check_dataset")) == 1
    assert result(tmp_path, "check_dataset") == content


def test_an_interrupted_run_is_recorded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(config: Config) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(MODES, "train", interrupt)
    assert run(config(tmp_path, "train")) == 130
    assert result(tmp_path, "train")["err_type"] == "<class 'KeyboardInterrupt'>"


def test_an_output_that_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(MODES, "train", lambda config: {"x": 1})
    (tmp_path / "file").write_text("")
    assert run(config(tmp_path / "file", "train")) == 1
    assert f"{tmp_path / 'file'} cannot be written to: it is a file" in (capsys.readouterr().err)
