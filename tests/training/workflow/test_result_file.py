"""`MODE_result.json`."""

import json
from pathlib import Path

import pytest

from instseg.errors import InvalidArgument
from instseg_train.workflow.result_file import write_failure, write_result


def test_success(tmp_path: Path) -> None:
    content = {"metrics": {"AP": 0.123456789}, "bbox": {"APs": float("nan")}, "paths": ("a/b", "é")}
    path = write_result(tmp_path / "new" / "output", "evaluate", content)
    assert path == tmp_path / "new" / "output" / "evaluate_result.json"
    assert json.loads(path.read_text()) == {
        "done_flag": True,
        "metrics": {"AP": 0.123456789},
        "bbox": {"APs": None},
        "paths": ["a/b", "é"],
    }


def test_failure_replaces_what_an_earlier_run_wrote(tmp_path: Path) -> None:
    write_result(tmp_path, "train", {"x": 1})
    path = write_failure(tmp_path, "train", InvalidArgument("the reason"))
    assert json.loads(path.read_text()) == {
        "done_flag": False,
        "err_type": "<class 'instseg.errors.InvalidArgument'>",
        "err_msg": "the reason",
    }
    assert [file.name for file in tmp_path.iterdir()] == ["train_result.json"]


def test_what_cannot_be_written_leaves_the_old_file(tmp_path: Path) -> None:
    write_result(tmp_path, "train", {"x": 1})
    with pytest.raises(TypeError):
        write_result(tmp_path, "train", {"x": object()})
    assert json.loads((tmp_path / "train_result.json").read_text()) == {"done_flag": True, "x": 1}
