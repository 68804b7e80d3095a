"""What is remembered about files holds exactly as long as they stay untouched."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import pytest

from instseg.importer import stat_memo
from instseg.importer.stat_memo import recall, remember, stamps


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files count as settled at once: these tests do not wait for two seconds."""
    monkeypatch.setattr(stat_memo, "SETTLED_NS", -1)


def write(folder: Path, *names: str) -> list[Path]:
    for name in names:
        (folder / name).write_text(f"content of {name}")
    return [folder / name for name in names]


def test_remembers_files_that_stay(tmp_path: Path, settled: None) -> None:
    files, memo = write(tmp_path, "a", "b"), tmp_path / "memo.json"
    assert recall(memo, stamps(files)) is None
    remember(memo, stamps(files), files, "fact")
    assert recall(memo, stamps(files)) == "fact"
    assert recall(memo, stamps(files[:1])) is None
    assert recall(memo, stamps(files[::-1])) == "fact"


def test_forgets_a_file_that_changes_size(tmp_path: Path, settled: None) -> None:
    files, memo = write(tmp_path, "a"), tmp_path / "memo.json"
    remember(memo, stamps(files), files, "fact")
    files[0].write_text("longer than it was before")
    assert recall(memo, stamps(files)) is None


def test_forgets_a_file_whose_size_and_time_are_set_back(tmp_path: Path, settled: None) -> None:
    """The time of the last change of the inode cannot be set by hand."""
    files, memo = write(tmp_path, "a"), tmp_path / "memo.json"
    before = files[0].stat()
    remember(memo, stamps(files), files, "fact")
    deadline = time.monotonic() + 10
    while files[0].stat().st_ctime_ns == before.st_ctime_ns:  # the clock of coarse file systems
        assert time.monotonic() < deadline
        files[0].write_text("CONTENT of a")
        os.utime(files[0], ns=(before.st_atime_ns, before.st_mtime_ns))
    after = files[0].stat()
    assert (after.st_size, after.st_mtime_ns) == (before.st_size, before.st_mtime_ns)
    assert recall(memo, stamps(files)) is None


def test_forgets_a_file_that_is_replaced(tmp_path: Path, settled: None) -> None:
    files, memo = write(tmp_path, "a"), tmp_path / "memo.json"
    remember(memo, stamps(files), files, "fact")
    [other] = write(tmp_path, "b")
    before = files[0].stat()
    os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
    os.replace(other, files[0])
    assert recall(memo, stamps(files)) is None


def test_does_not_remember_files_of_the_last_moments(tmp_path: Path) -> None:
    """A clock that ticks every few milliseconds (or seconds) could hide the next change."""
    files, memo = write(tmp_path, "a"), tmp_path / "memo.json"
    remember(memo, stamps(files), files, "fact")
    assert not memo.exists()


def test_remembers_files_that_have_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    files, memo = write(tmp_path, "a"), tmp_path / "memo.json"
    now = time.time_ns()
    monkeypatch.setattr(stat_memo.time, "time_ns", lambda: now + 3_000_000_000)
    remember(memo, stamps(files), files, "fact")
    assert recall(memo, stamps(files)) == "fact"


def test_does_not_remember_what_changed_while_it_was_found_out(
    tmp_path: Path, settled: None
) -> None:
    files, memo = write(tmp_path, "a"), tmp_path / "memo.json"
    before = stamps(files)
    files[0].write_text("another content")
    remember(memo, before, files, "fact")
    assert not memo.exists()


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"files": {}}', b'{"fact": 7}', b"\xff", b"[" * 10**5]
)
def test_damaged_memo_is_forgotten(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "memo.json").write_bytes(content)
    assert recall(tmp_path / "memo.json", stamps(write(tmp_path, "a"))) is None


def test_fact_that_is_no_text_is_forgotten(tmp_path: Path) -> None:
    now = stamps(write(tmp_path, "a"))
    (tmp_path / "memo.json").write_text(json.dumps({"files": now, "fact": 7}))
    assert recall(tmp_path / "memo.json", now) is None


def test_not_being_able_to_remember_is_no_error(tmp_path: Path, settled: None) -> None:
    files = write(tmp_path, "a")
    remember(tmp_path / "missing" / "memo.json", stamps(files), files, "fact")
    before = stamps(files)
    files[0].unlink()
    remember(tmp_path / "memo.json", before, files, "fact")
    assert not (tmp_path / "memo.json").exists()
