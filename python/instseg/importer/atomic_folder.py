"""Makes a folder that appears whole or not at all.

The work is done in a hidden sibling, `.NAME.importing-*`, which its maker holds locked; it is
synced to disk and renamed at the end. The lock dies with the process, so that whoever comes later
can tell a sibling that is still being worked in from one that a killed process has left, and
removes those.
"""

from __future__ import annotations

import ctypes
import errno
import fcntl
import glob
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from instseg.errors import InvalidArgument

AT_FDCWD, RENAME_EXCHANGE = -100, 2
"""Of Linux' renameat2."""


@contextmanager
def atomic_folder(target: Path, *, overwrite: bool = False) -> Iterator[Path]:
    """Yields an empty folder; when the block ends well, it becomes `target`.

    Raises InvalidArgument where `target` exists and `overwrite` is false. An error in the block
    leaves nothing behind; so does a kill, as soon as the next folder of this name is made.
    """
    target = Path(os.path.abspath(target))
    if _occupied(target) and not overwrite:
        raise _exists(target)
    with _parents(target), _locked_sibling(target) as work:
        yield work
        _sync(work)
        _rename(work, target, overwrite)
        _sync_entry(target.parent)


def _prefix(target: Path) -> str:
    return f".{target.name}.importing-"


def _exists(target: Path) -> InvalidArgument:
    return InvalidArgument(f"{target} exists already; choose another folder, or allow overwriting")


def _occupied(target: Path) -> bool:
    return os.path.lexists(target)


@contextmanager
def _parents(target: Path) -> Iterator[None]:
    """Makes the folders above `target`; those that were missing go again if the block fails."""
    missing = [folder for folder in target.parents if not folder.exists()]
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        yield
    except BaseException:
        for folder in missing:
            with suppress(OSError):  # not empty: somebody else's by now
                folder.rmdir()
        raise


@contextmanager
def _locked_sibling(target: Path) -> Iterator[Path]:
    """Yields the folder to work in; removes what has its name in the end."""
    _remove_leftovers(target)
    work, lock = _lock_new_folder(target)
    try:
        yield work
    finally:
        if work.is_symlink():  # `target` was a link, and has been exchanged
            work.unlink()
        shutil.rmtree(work, ignore_errors=True)
        os.close(lock)


def _lock_new_folder(target: Path) -> tuple[Path, int]:
    while True:
        work = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        # Until it is locked, another process may take it for a leftover.
        with suppress(FileNotFoundError):
            lock = os.open(work, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_same(work, lock):
                return work, lock
            os.close(lock)


def _is_same(folder: Path, descriptor: int) -> bool:
    with suppress(FileNotFoundError):
        return os.stat(folder).st_ino == os.fstat(descriptor).st_ino
    return False


def _remove_leftovers(target: Path) -> None:
    for leftover in target.parent.glob(glob.escape(_prefix(target)) + "*"):
        try:
            lock = os.open(leftover, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(leftover, ignore_errors=True)
        except OSError:
            pass  # somebody is working in it
        finally:
            os.close(lock)


def _rename(work: Path, target: Path, overwrite: bool) -> None:
    os.chmod(work, _usual_mode(work))
    if not _occupied(target):
        with suppress(FileExistsError):
            _rename_to_nothing(work, target)
            return
    if not overwrite:
        raise _exists(target)
    _exchange(work, target)  # the caller removes what is now in `work`


def _usual_mode(work: Path) -> int:
    """The permissions that this process gives new folders (reading the umask would change it)."""
    probe = work / ".mode"
    probe.mkdir()
    try:
        return stat.S_IMODE(probe.stat().st_mode)
    finally:
        probe.rmdir()


def _rename_to_nothing(work: Path, target: Path) -> None:
    try:
        os.rename(work, target)
    except OSError as error:
        if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
            raise FileExistsError from error
        raise


def _exchange(first: Path, second: Path) -> None:
    """Swaps two folders: at every moment each name leads to one of them."""
    libc = ctypes.CDLL(None, use_errno=True)
    arguments = (AT_FDCWD, os.fsencode(first), AT_FDCWD, os.fsencode(second), RENAME_EXCHANGE)
    if hasattr(libc, "renameat2") and libc.renameat2(*arguments) == 0:
        return
    aside = first.with_name(first.name + "-old")  # a file system without exchange: a short gap
    os.rename(second, aside)
    os.rename(first, second)
    os.rename(aside, first)


def _sync(folder: Path) -> None:
    for file in folder.iterdir():
        _sync_entry(file)
    _sync_entry(folder)


def _sync_entry(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
