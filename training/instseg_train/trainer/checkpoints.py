"""Checkpoints: folders that hold a model and all that a run needs to go on from it.

NAME.pdparams NAME.yml   the weights to use (averaged ones, if the run averages), and their card
NAME.pdema               the weights that are trained, where those above are averages
NAME.pdopt               the optimiser's state, by names of parameters
NAME.pdstates            where the run stands, JSON
inference/               the exported model
NAME.info.json           what the evaluation said, once there was one
"""

from __future__ import annotations

import io
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import paddle

from instseg.atomic_file import atomic_file
from instseg.errors import ModelError
from instseg.importer.atomic_folder import atomic_folder

BEST, FINAL, INTERRUPTED = "best_model", "model_final", "interrupted"
INFERENCE = "inference"


@dataclass(frozen=True)
class RunState:
    """step, step_in_epoch: steps done in all, and in the epoch that is under way; epoch: completed
    ones; best: mask AP of the best evaluation so far, and its epoch; scaler: of AMP."""

    step: int
    epoch: int
    step_in_epoch: int
    best: float | None
    best_epoch: int | None
    scaler: Mapping[str, float]


def epoch_name(epoch: int) -> str:
    """The folder of the checkpoint after `epoch` completed ones: PaddleX counts from 0."""
    return str(epoch - 1)


def write_arrays(path: Path, arrays: Mapping[str, Any]) -> None:
    buffer = io.BytesIO()
    paddle.save(dict(arrays), buffer)
    with atomic_file(path) as stream:
        stream.write(buffer.getbuffer())


def write_json(path: Path, content: Any) -> None:
    with atomic_file(path) as stream:
        stream.write(json.dumps(content, indent=2, ensure_ascii=False).encode())


def write_state(path: Path, state: RunState) -> None:
    write_json(path, asdict(state))


def read_state(path: Path) -> RunState:
    """Raises ModelError for a file that is missing or is not a run's state."""
    try:
        return RunState(**json.loads(path.read_text(encoding="utf-8")))
    except FileNotFoundError as error:
        raise ModelError(
            f"There is no {path}, which says where the run stood; resume from a checkpoint of "
            "`instseg train`, or give the weights as Train.pretrain_weight_path"
        ) from error
    except (ValueError, TypeError) as error:
        raise ModelError(f"{path} does not hold the state of a run: {error}") from error


def copy_checkpoint(source: Path, target: Path) -> None:
    """The checkpoint `source` under another name, its files shared where the disk allows it."""
    with atomic_folder(target, overwrite=True) as work:
        for file in sorted(source.rglob("*")):
            part = file.relative_to(source)
            if file.is_dir():
                (work / part).mkdir()
                continue
            if part.parent == Path() and file.name.startswith(f"{source.name}."):
                part = Path(target.name + file.name.removeprefix(source.name))
            try:
                os.link(file, work / part)
            except OSError:
                shutil.copyfile(file, work / part)


def epoch_folders(output: Path) -> list[Path]:
    """Complete checkpoints of epochs, oldest first."""
    folders = [f for f in output.iterdir() if f.name.isdecimal() and _is_complete(f)]
    return sorted(folders, key=lambda folder: int(folder.name))


def newest_checkpoint(output: Path) -> Path | None:
    """Of all checkpoints of a run, the one that is furthest: its .pdparams."""
    if not output.is_dir():
        return None
    folders = epoch_folders(output)
    folders += [output / n for n in (FINAL, INTERRUPTED) if _is_complete(output / n)]
    if not folders:
        return None
    furthest = max(folders, key=lambda f: read_state(f / f"{f.name}.pdstates").step)
    return furthest / f"{furthest.name}.pdparams"


def remove_old(output: Path, keep: int) -> None:
    for folder in epoch_folders(output)[:-keep]:
        shutil.rmtree(folder, ignore_errors=True)


def _is_complete(folder: Path) -> bool:
    return (folder / f"{folder.name}.pdstates").is_file()
