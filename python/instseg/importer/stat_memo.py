"""Remembers what was found out about files, for as long as the files stay untouched.

A file counts as untouched while its size, inode, modification time and change time are the same
(the change time cannot be set by hand). A file that was modified in the last moments before it was
looked at is not remembered: the clock of the file system may be too coarse to show the next
change.
"""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from instseg.atomic_file import atomic_file

SETTLED_NS = 2_000_000_000

Stamps = dict[str, list[int]]


def stamps(files: Sequence[Path]) -> Stamps:
    """What identifies the present state of the files. Raises OSError."""
    found = {}
    for path in files:
        stat = path.stat()
        found[path.name] = [
            stat.st_size,
            stat.st_mtime_ns,
            stat.st_ctime_ns,
            stat.st_ino,
            stat.st_dev,
        ]
    return found


def recall(memo: Path, now: Stamps) -> str | None:
    """What `remember` stored for exactly these files in this state, else None."""
    with suppress(OSError, ValueError, RecursionError):
        content: Any = json.loads(memo.read_bytes())
        if isinstance(content, dict) and content.get("files") == now:
            fact = content.get("fact")
            return fact if isinstance(fact, str) else None
    return None


def remember(memo: Path, before: Stamps, files: Sequence[Path], fact: str) -> None:
    """Stores `fact` where the files are still as in `before`; not being able to is no error."""
    with suppress(OSError):
        now = time.time_ns()
        settled = all(now - max(stamp[1], stamp[2]) > SETTLED_NS for stamp in before.values())
        if settled and stamps(files) == before:
            with atomic_file(memo) as file:
                file.write(json.dumps({"files": before, "fact": fact}).encode())
