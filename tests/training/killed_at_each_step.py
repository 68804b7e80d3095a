"""Runs a job again and again on fresh copies of a data set, killed one step later each time.

    python killed_at_each_step.py convert|split SOURCE WORK

A step is a call that changes the disk. Copy number k, WORK/k, is what a `kill -9` right before step
k leaves; with "torn" after it, the file that was being written is cut in half besides. The last
copy is of a run that came to its end. Prints the number of kills.
"""

from __future__ import annotations

import os
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from instseg_train.dataset_tools import (
    ConvertReport,
    SplitReport,
    convert_labelme,
    split_dataset,
)

STEPS = ("fsync", "replace", "link", "unlink", "mkdir", "rename")
JOBS: dict[str, Callable[[Path], ConvertReport | SplitReport]] = {
    "convert": lambda folder: convert_labelme(folder, seed=1),
    "split": lambda folder: split_dataset(folder, train_percent=60, val_percent=40, seed=1),
}


def kill_before(step: int, torn: bool) -> None:
    """Patches this process, a child that has nothing else to do."""
    count = 0

    def counted(function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal count
            if count == step:
                if torn and function is fsync and stat.S_ISREG(os.fstat(arguments[0]).st_mode):
                    os.ftruncate(arguments[0], os.fstat(arguments[0]).st_size // 2)
                os.kill(os.getpid(), signal.SIGKILL)
            count += 1
            return function(*arguments, **options)

        return call

    fsync = os.fsync
    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def main(job: str, source: Path, work: Path) -> None:
    kills = 0
    for step in range(1000):
        for torn in (False, True):
            folder = work / f"{step}{'torn' if torn else ''}"
            shutil.copytree(source, folder)
            child = os.fork()
            if child == 0:
                kill_before(step, torn)
                JOBS[job](folder)
                os._exit(0)
            _, status = os.waitpid(child, 0)
            if not os.WIFSIGNALED(status):
                assert status == 0, status
                print(kills)
                return
            assert os.WTERMSIG(status) == signal.SIGKILL
            kills += 1


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]))
