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
import os
import shutil
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
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    work, lock = _locked_sibling(target)
    try:
        yield work
        _sync(work)
        _rename(work, target, overwrite)
        _sync_entry(target.parent)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        os.close(lock)


def _prefix(target: Path) -> str:
    return f".{target.name}.importing-"


def _exists(target: Path) -> InvalidArgument:
    return InvalidArgument(f"{target} exists already; choose another folder, or allow overwriting")


def _occupied(target: Path) -> bool:
    return os.path.lexists(target)


def _locked_sibling(target: Path) -> tuple[Path, int]:
    while True:
        work = Path(tempfile.mkdtemp(prefix=_prefix(target), dir=target.parent))
        lock = os.open(work, os.O_RDONLY)
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Between the two lines above, another process may have taken it for a leftover.
        with suppress(FileNotFoundError):
            if os.stat(work).st_ino == os.fstat(lock).st_ino:
                return work, lock
        os.close(lock)


def _remove_leftovers(target: Path) -> None:
    for leftover in target.parent.glob(_prefix(target) + "*"):
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
    mode = os.umask(0)
    os.umask(mode)
    os.chmod(work, 0o777 & ~mode)
    if not _occupied(target):
        with suppress(FileExistsError):
            _rename_to_nothing(work, target)
            return
    if not overwrite:
        raise _exists(target)
    _exchange(work, target)  # the caller removes what is now in `work`


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
