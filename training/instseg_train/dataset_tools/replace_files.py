"""Replaces several files of a folder at once; a kill at any point loses nothing.

1. New contents are written beside their targets under hidden names, and synced.
2. A journal that names them, their targets and the backups appears in one rename: from here on the
   change counts as made, before it the old state stands.
3. Each old file gets its backup's name as well (a hard link), then the new one takes its place.
4. The journal goes.

A kill before 2 leaves hidden files, which the next change removes. A kill after it leaves the
journal: whoever comes next (`complete_interrupted`) repeats 3, whose steps may be repeated.
One process at a time: the folder is locked, and the lock dies with the process.
"""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from instseg.errors import InvalidArgument

JOURNAL = ".instseg-replacing.json"
_STAGED = ".instseg-new"


@contextmanager
def locked(root: Path) -> Iterator[None]:
    """Holds the folder; what a killed process has begun is completed, or removed, first.

    Raises InvalidArgument while another process holds it.
    """
    descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InvalidArgument(
                f"another process is changing the files of {root}; try again when it is done"
            ) from None
        _complete(root)
        _remove_leftovers(root)
        yield
    finally:
        os.close(descriptor)


def complete_interrupted(root: str | os.PathLike[str]) -> bool:
    """Completes a conversion or split that was killed; False where there was none.

    Raises InvalidArgument (another process is at it), OSError.
    """
    if not (Path(root) / JOURNAL).exists():
        return False
    with locked(Path(root)):
        return True


def replace_files(root: Path, contents: Mapping[str, bytes]) -> dict[str, str]:
    """Writes `contents` (path relative to `root` -> bytes); the caller holds `locked(root)`.

    Files that are there keep their content as `NAME.bak`, then `NAME.bak1` and so on: no backup is
    ever overwritten. Files that have the content already stay. Returns path -> its backup.
    """
    changed = {name: data for name, data in contents.items() if not _holds(root / name, data)}
    if not changed:
        return {}
    steps: list[dict[str, str]] = []
    for name, data in changed.items():
        target = root / name
        target.parent.mkdir(exist_ok=True)
        staged = _staged(name)
        _write(root / staged, data)
        step = {"staged": staged, "target": name}
        if target.exists():
            step["backup"] = _free_backup(root, name)
        steps.append(step)
    staged_journal = root / f"{JOURNAL}{_STAGED}"
    _write(staged_journal, json.dumps(steps).encode())
    for folder in {(root / name).parent for name in changed}:
        _sync(folder)
    os.replace(staged_journal, root / JOURNAL)
    _sync(root)
    _complete(root)
    return {step["target"]: step["backup"] for step in steps if "backup" in step}


def _complete(root: Path) -> None:
    journal = root / JOURNAL
    try:
        steps: list[dict[str, str]] = json.loads(journal.read_bytes())
        paths = [{key: _inside(root, name) for key, name in step.items()} for step in steps]
    except FileNotFoundError:
        return
    except (ValueError, TypeError, AttributeError) as error:
        raise InvalidArgument(f"{journal} is no journal of ours ({error}); remove it") from error
    for step in paths:
        staged, target = step["staged"], step["target"]
        if not staged.exists():
            continue  # the new file is in place
        if "backup" in step:
            _back_up(target, step["backup"])
        os.replace(staged, target)
        _sync(target.parent)
    os.unlink(journal)
    _sync(root)


def _remove_leftovers(root: Path) -> None:
    for folder in (root, root / "annotations"):
        for path in folder.glob(f".*{_STAGED}"):
            path.unlink(missing_ok=True)


def _back_up(target: Path, backup: Path) -> None:
    if backup.exists():
        return  # whole, as it appears in one step
    try:
        os.link(target, backup)
    except OSError as error:
        if error.errno not in (errno.EPERM, errno.ENOTSUP, errno.ENOSYS, errno.EXDEV, errno.EMLINK):
            raise
        copy = target.with_name(f".{target.name}.bak{_STAGED}")  # a file system without links
        shutil.copy2(target, copy)
        _sync(copy)
        os.replace(copy, backup)
    _sync(backup.parent)


def _free_backup(root: Path, name: str) -> str:
    number = 0
    while os.path.lexists(root / (backup := f"{name}.bak{number or ''}")):
        number += 1
    return backup


def _staged(name: str) -> str:
    path = Path(name)
    return (path.parent / f".{path.name}{_STAGED}").as_posix()


def _holds(path: Path, data: bytes) -> bool:
    with suppress(OSError):
        return path.stat().st_size == len(data) and path.read_bytes() == data
    return False


def _write(path: Path, data: bytes) -> None:
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _inside(root: Path, name: str) -> Path:
    """A journal that came with a data set must not lead elsewhere."""
    if os.path.isabs(name) or ".." in Path(name).parts:
        raise ValueError(f"it names {name!r}, outside of the folder")
    return root / name
