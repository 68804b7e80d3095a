"""`train_result.json`: what a run has made, by the keys of PaddleX.

PaddleX writes `train_results.json`, its documents name `train_result.json`; both are written.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from instseg_train.trainer.checkpoints import BEST, INFERENCE, epoch_folders, write_json
from instseg_train.trainer.scalars import PICTURE, TENSORBOARD

NAMES = ("train_result.json", "train_results.json")
LAST = 5
_STATE_SUFFIXES = ("pdparams", "pdema", "pdopt", "pdstates")
_INFERENCE_FILES = {
    "inference_config": "inference.yml",
    "pdmodel": "inference.pdmodel",
    "json": "inference.json",
    "pdiparams": "inference.pdiparams",
}


def write_result(output: Path, model_name: str, *, done: bool) -> None:
    """Writes both files, with what lies in `output` now; paths are relative to it."""
    newest = list(reversed(epoch_folders(output)))[:LAST]
    models = {f"last_{n}": _entry(output, folder) for n, folder in enumerate(newest, 1)}
    if (output / BEST).is_dir():
        models["best"] = _entry(output, output / BEST)
    content = {
        "model_name": model_name,
        "label_dict": "",
        "visualdl_log": "",
        "tensorboard_log": TENSORBOARD,
        "curves": PICTURE if (output / PICTURE).is_file() else "",
        "train_log": "train.log",
        "config": "config.yaml",
        "done_flag": done,
        "models": models,
    }
    for name in NAMES:
        write_json(output / name, content)


def _entry(output: Path, folder: Path) -> dict[str, Any]:
    entry: dict[str, Any] = {"score": score_of(folder)}
    for suffix in _STATE_SUFFIXES:
        file = folder / f"{folder.name}.{suffix}"
        entry[suffix] = _relative(file, output)
    for key, name in _INFERENCE_FILES.items():
        entry[key] = _relative(folder / INFERENCE / name, output)
    return entry


def _relative(file: Path, output: Path) -> str:
    return str(file.relative_to(output)) if file.is_file() else ""


def info_file(folder: Path) -> Path:
    return folder / f"{folder.name}.info.json"


def score_of(folder: Path) -> float | None:
    """Mask AP of a checkpoint, None before its evaluation."""
    file = info_file(folder)
    if not file.is_file():
        return None
    metric = json.loads(file.read_text(encoding="utf-8")).get("metric")
    return None if metric is None else float(metric)
