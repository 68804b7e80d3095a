"""Folders that appear whole or not at all, whatever happens to their maker."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import textwrap
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from instseg.errors import InvalidArgument
from instseg.importer import atomic_folder as module
from instseg.importer.atomic_folder import atomic_folder


def make(
    target: Path,
    content: str = "new",
    *,
    overwrite: bool = False,
    meanwhile: Callable[[], object] = lambda: None,
) -> None:
    """A folder with one file; `meanwhile` is called once that is written."""
    with atomic_folder(target, overwrite=overwrite) as work:
        assert not any(work.iterdir())
        (work / "file").write_text(content)
        meanwhile()


def failing(error: BaseException) -> Callable[[], object]:
    def fail() -> None:
        raise error

    return fail


def listing(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_folder_appears_with_its_parents(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "target"
    with atomic_folder(target) as work:
        (work / "file").write_text("new")
        assert not target.exists()
    assert (target / "file").read_text() == "new"
    assert listing(target.parent) == ["target"]


def test_permissions_are_the_usual_ones(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    make(tmp_path / "target")
    modes = {stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("plain", "target")}
    assert len(modes) == 1
    assert listing(tmp_path / "target") == ["file"]


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, OSError])
def test_failure_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "target"
    with pytest.raises(error):
        make(target, meanwhile=failing(error("on purpose")))
    assert listing(tmp_path) == []


def test_failure_keeps_parents_that_were_there_or_are_used(tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()

    def use() -> None:
        (tmp_path / "there" / "made" / "other").touch()
        raise RuntimeError

    with pytest.raises(RuntimeError):
        make(tmp_path / "there" / "made" / "target", meanwhile=use)
    assert listing(tmp_path / "there") == ["made"]
    assert listing(tmp_path / "there" / "made") == ["other"]


def test_existing_target_is_kept(tmp_path: Path) -> None:
    make(tmp_path / "target", "old")
    with pytest.raises(InvalidArgument, match="exists already"):
        make(tmp_path / "target")
    with pytest.raises(RuntimeError):
        make(tmp_path / "target", overwrite=True, meanwhile=failing(RuntimeError()))
    assert (tmp_path / "target" / "file").read_text() == "old"
    assert listing(tmp_path) == ["target"]


def test_target_that_appears_meanwhile_is_kept(tmp_path: Path) -> None:
    target = tmp_path / "target"

    def appear() -> None:
        target.mkdir()
        (target / "file").write_text("somebody else's")

    with pytest.raises(InvalidArgument, match="exists already"):
        make(target, meanwhile=appear)
    assert (target / "file").read_text() == "somebody else's"
    assert listing(tmp_path) == ["target"]


@pytest.mark.parametrize("exchange", [True, False], ids=["exchange", "no exchange"])
def test_overwriting_replaces_everything(
    exchange: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also on a file system that cannot swap two names."""
    if not exchange:
        monkeypatch.setattr(module.ctypes, "CDLL", lambda *args, **options: object())
    make(tmp_path / "target", "old")
    (tmp_path / "target" / "more").touch()
    make(tmp_path / "target", "new", overwrite=True)
    assert (tmp_path / "target" / "file").read_text() == "new"
    assert listing(tmp_path / "target") == ["file"]
    assert listing(tmp_path) == ["target"]


def test_link_is_replaced_and_what_it_points_to_kept(tmp_path: Path) -> None:
    make(tmp_path / "real", "old")
    (tmp_path / "target").symlink_to("real")
    with pytest.raises(InvalidArgument, match="exists already"):
        make(tmp_path / "target")
    make(tmp_path / "target", "new", overwrite=True)
    assert (tmp_path / "real" / "file").read_text() == "old"
    assert (tmp_path / "target" / "file").read_text() == "new"
    assert not (tmp_path / "target").is_symlink()
    assert listing(tmp_path) == ["real", "target"]


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from instseg.importer import atomic_folder as module

    target, moment = Path(sys.argv[1]), sys.argv[2]

    def die(*args, **options):
        os.kill(os.getpid(), signal.SIGKILL)

    if moment == "before the sync":
        module._sync = die
    elif moment == "before the rename":
        module._rename = die
    elif moment == "after the rename":
        module._sync_entry = lambda path: die() if path == target.parent else None
    with module.atomic_folder(target, overwrite=True) as work:
        if moment == "at the start":
            die()
        (work / "file").write_text("new")
        if moment == "in the middle":
            die()
        (work / "second").write_text("new")
"""
MOMENTS = {
    "at the start": False,
    "in the middle": False,
    "before the sync": False,
    "before the rename": False,
    "after the rename": True,
}
"""When the process is killed, and whether the new folder is there by then."""


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("existing", [False, True], ids=["new", "overwrite"])
def test_killed_maker_leaves_all_or_nothing(moment: str, existing: bool, tmp_path: Path) -> None:
    target = tmp_path / "target"
    if existing:
        make(target, "old")
    killed = subprocess.run([sys.executable, "-c", textwrap.dedent(KILLED), str(target), moment])
    assert killed.returncode == -signal.SIGKILL
    if MOMENTS[moment]:
        assert {path.name: path.read_text() for path in target.iterdir()} == {
            "file": "new",
            "second": "new",
        }
    elif existing:
        assert (target / "file").read_text() == "old"
    else:
        assert not target.exists()
    make(target, "newer", overwrite=True)
    assert listing(tmp_path) == ["target"]
    assert (target / "file").read_text() == "newer"


def test_work_in_progress_is_no_leftover(tmp_path: Path) -> None:
    with atomic_folder(tmp_path / "target", overwrite=True) as work:
        (work / "file").write_text("first")
        make(tmp_path / "target", "second")
        assert (work / "file").read_text() == "first"
    assert (tmp_path / "target" / "file").read_text() == "first"
    assert listing(tmp_path) == ["target"]


@pytest.mark.parametrize("name", ["a[b]", "*", "a?", " ", "é", "-n", "a\nb"])
def test_odd_names(name: str, tmp_path: Path) -> None:
    """Leftovers of exactly this name are removed, and those of others kept."""
    (tmp_path / f".{name}.importing-dead").mkdir()
    (tmp_path / ".other.importing-dead").mkdir()
    make(tmp_path / name)
    assert listing(tmp_path) == sorted([".other.importing-dead", name])


def test_link_in_the_place_of_a_leftover_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "precious").mkdir()
    (tmp_path / "precious" / "file").touch()
    (tmp_path / ".target.importing-x").symlink_to("precious")
    make(tmp_path / "target")
    assert listing(tmp_path / "precious") == ["file"]


def test_folder_taken_for_a_leftover_before_it_is_locked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process removes it before the maker opens it, then after."""
    open_, taken = os.open, list[str]()

    def late(path: Path, flags: int) -> int:
        fresh = ".importing-" in str(path)
        if fresh and len(taken) == 0:
            os.rmdir(path)
            taken.append("before")
        descriptor = open_(path, flags)
        if fresh and len(taken) == 1:
            os.rmdir(path)
            taken.append("after")
        return descriptor

    monkeypatch.setattr(module.os, "open", late)
    make(tmp_path / "target")
    assert taken == ["before", "after"]
    assert (tmp_path / "target" / "file").read_text() == "new"
    assert listing(tmp_path) == ["target"]


def test_many_makers_at_once(tmp_path: Path) -> None:
    """Each result is whole; nothing is left."""
    failures: list[BaseException] = []

    def work(number: int) -> None:
        try:
            for _ in range(5):
                make(tmp_path / "target", str(number), overwrite=True)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert (tmp_path / "target" / "file").read_text() in "0123"
    assert listing(tmp_path) == ["target"]
