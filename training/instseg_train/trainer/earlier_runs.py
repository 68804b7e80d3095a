"""What an earlier run left in the output folder of a new one."""

from __future__ import annotations

import os
from pathlib import Path

from instseg_train.trainer.checkpoints import BEST, FINAL, INTERRUPTED
from instseg_train.trainer.result_file import NAMES
from instseg_train.trainer.run_log import LOGGER
from instseg_train.trainer.scalars import LINES, PICTURE, TENSORBOARD

FOLDER = "earlier_{}"
_MADE = {
    BEST, FINAL, INTERRUPTED, LINES, PICTURE, TENSORBOARD, *NAMES,
    "config.yaml", "train.log", "distributed_train_logs", "train_batch.png",
}  # fmt: skip


def set_aside(output: Path) -> Path | None:
    """Moves what a training has left in `output` into `earlier_1`, `earlier_2` ...: a new run with
    the same output overwrites nothing. Returns that folder, None if there was no training."""
    if not output.is_dir():
        return None
    made = [path for path in output.iterdir() if path.name in _MADE or path.name.isdecimal()]
    if not any(path.name not in ("config.yaml", *NAMES) for path in made):
        return None
    number = 1
    while (target := output / FOLDER.format(number)).exists():
        number += 1
    target.mkdir()
    for path in made:
        os.rename(path, target / path.name)
    LOGGER.warning("an earlier training in %s was moved to %s", output, target)
    return target
