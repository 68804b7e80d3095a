"""Checkpoint files are read without running what is in them."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import numpy as np
import paddle
import pytest

from instseg.errors import ModelError
from instseg_train.weights.checkpoint import read_checkpoint


def test_what_paddle_saves_is_read(tmp_path: Path) -> None:
    layer = paddle.nn.Sequential(paddle.nn.Conv2D(3, 4, 3), paddle.nn.BatchNorm2D(4))
    paddle.save(layer.state_dict(), str(tmp_path / "layer.pdparams"))
    arrays = read_checkpoint(tmp_path / "layer.pdparams")
    expected = {name: tensor.numpy() for name, tensor in layer.state_dict().items()}
    assert list(arrays) == list(expected)
    assert all(np.array_equal(arrays[name], expected[name]) for name in expected)


class _Hostile:
    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, ("touch hostile-was-here",)


def test_a_pickle_that_calls_functions_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.pdparams").write_bytes(pickle.dumps({"weight": _Hostile()}))
    with pytest.raises(ModelError, match=r"refused: it calls \w+\.system"):
        read_checkpoint(tmp_path / "bad.pdparams")
    assert not (tmp_path / "hostile-was-here").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "no checkpoint, or is damaged"),
        (b"not a pickle", "no checkpoint, or is damaged|is refused"),
        (pickle.dumps({"weight": np.zeros(3)})[:-20], "no checkpoint, or is damaged|is refused"),
        (pickle.dumps([1, 2]), "holds a list, expected a dict"),
        (pickle.dumps({"epoch": 3}), "'epoch': int, expected parameter name -> array"),
    ],
    ids=["empty", "text", "cut off", "list", "number"],
)
def test_damaged_and_foreign_files_are_errors(tmp_path: Path, content: bytes, message: str) -> None:
    file = tmp_path / "file.pdparams"
    file.write_bytes(content)
    with pytest.raises(ModelError, match=message):
        read_checkpoint(file)


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="There is no file"):
        read_checkpoint(tmp_path / "none.pdparams")
