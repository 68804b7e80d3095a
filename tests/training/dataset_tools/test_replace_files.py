"""Files are replaced together; backups are kept; a kill at any step loses nothing."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import killed_at_each_step
import pytest
from small_coco import SmallCoco
from small_labelme import SmallLabelme

from instseg.errors import InvalidArgument
from instseg_train.dataset_tools import (
    check_dataset,
    complete_interrupted,
    split_dataset,
)
from instseg_train.dataset_tools.replace_files import JOURNAL, locked, replace_files


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_backups_are_numbered_and_equal_files_stay(tmp_path: Path) -> None:
    with locked(tmp_path):
        assert replace_files(tmp_path, {"a": b"1", "sub/b": b"x"}) == {}
        assert replace_files(tmp_path, {"a": b"2", "sub/b": b"x"}) == {"a": "a.bak"}
        assert replace_files(tmp_path, {"a": b"3"}) == {"a": "a.bak1"}
        assert replace_files(tmp_path, {"a": b"3"}) == {}
    assert contents(tmp_path) == {"a": b"3", "a.bak": b"1", "a.bak1": b"2", "sub/b": b"x"}


def test_without_hard_links_backups_are_copies(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_link(source: object, target: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_link)
    (tmp_path / "a").write_bytes(b"1")
    with locked(tmp_path):
        assert replace_files(tmp_path, {"a": b"2"}) == {"a": "a.bak"}
    assert contents(tmp_path) == {"a": b"2", "a.bak": b"1"}


def test_one_process_at_a_time(tmp_path: Path) -> None:
    root = SmallCoco(tmp_path / "data").write()
    with locked(root), pytest.raises(InvalidArgument, match="another process is changing"):
        split_dataset(root, train_percent=50, val_percent=50)


@pytest.mark.parametrize(
    "journal",
    [
        b"{",
        b"[1]",
        json.dumps([{"staged": "../x", "target": "a"}]).encode(),
        json.dumps([{"staged": "x", "target": "/etc/a"}]).encode(),
    ],
)
def test_a_foreign_journal_leads_nowhere(journal: bytes, tmp_path: Path) -> None:
    (tmp_path / JOURNAL).write_bytes(journal)
    with pytest.raises(InvalidArgument, match="is no journal of ours"):
        complete_interrupted(tmp_path)


@pytest.fixture(params=["convert", "split"])
def killed(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[str, Path, list[Path]]:
    """The job, its data set, and what its kills have left."""
    job = str(request.param)
    if job == "convert":
        data = SmallLabelme(tmp_path / "source", train=5)
        source = data.write()
        (source / "annotations/instance_train.json").write_text('{"of": "the user"}')
        (source / "annotations/instance_train.json.bak").write_text('{"older": "of the user"}')
    else:
        source = SmallCoco(tmp_path / "source").write()
    (tmp_path / "work").mkdir()
    script = killed_at_each_step.__file__
    command = [sys.executable, "-W", "ignore", script, job, str(source), str(tmp_path / "work")]
    kills = int(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    folders = sorted((tmp_path / "work").iterdir(), key=lambda path: path.name)
    assert len(folders) == kills + 1
    assert kills >= 30
    return job, source, folders


def test_a_kill_at_any_step_loses_nothing(killed: tuple[str, Path, list[Path]]) -> None:
    """Whatever a kill leaves: every old file is there, under its name or a backup's; the next run
    comes to its end. After a run that was not killed, another one changes nothing."""
    job, source, folders = killed
    old = contents(source)
    done = max(folders, key=lambda path: int(path.name.removesuffix("torn")))
    states = set()
    for folder in folders:
        left = contents(folder)
        for name, data in old.items():
            own = [
                value for key, value in left.items() if key == name or key.startswith(f"{name}.bak")
            ]
            assert data in own, (folder, name)
        in_journal = JOURNAL in left
        completed = complete_interrupted(folder)
        assert completed == in_journal
        after = contents(folder)
        visible = {key: value for key, value in after.items() if not Path(key).name.startswith(".")}
        new = {key: value for key, value in visible.items() if ".bak" not in key}
        states.add("old" if visible == old else json.dumps({k: v.hex() for k, v in new.items()}))
        again = killed_at_each_step.JOBS[job](folder)
        if folder == done:
            assert again.backups == {}
            assert contents(folder) == left
        final = contents(folder)
        assert not [name for name in final if Path(name).name.startswith(".")]
        assert check_dataset(folder, folder / "out").passed
    assert len(states) == 2  # the old one and the new one, nothing between
