"""A training of seconds: small drawn pictures, a small variant of PP-YOLOE_seg."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from instseg_train.config import Config, read_config
from instseg_train.dataset import SceneOptions, write_demo_dataset
from instseg_train.weights.checkpoint import read_checkpoint

SIDE = 64
TINY = (
    "Train.batch_size=4",
    "Train.epochs_iters=3",
    "Train.log_interval=1",
    "Train.warmup_steps=2",
    "Train.num_workers=0",
    "Train.pretrain_weight_path=None",
    "Train.scale.width=0.09",
    "Train.scale.depth=0.34",
    f"Train.input_size=[{SIDE}, {SIDE}]",
)
# Runs the configuration given as a file, as `instseg train` does.
SCRIPT = (
    "import sys; from instseg_train.config import read_config; "
    "from instseg_train.trainer import train; train(read_config(sys.argv[1], sys.argv[2:]))"
)


def tiny_dataset(folder: Path, *, images: int = 8) -> Path:
    scene = SceneOptions(height=SIDE, width=SIDE, objects=(2, 4), radius=(0.15, 0.3))
    return write_demo_dataset(folder, train_images=images, val_images=2, options=scene)


def tiny_config(data: Path, output: Path, *overrides: str, model: str = "PP-YOLOE_seg-S") -> Config:
    return read_config(model, tiny_overrides(data, output, *overrides))


def tiny_overrides(data: Path, output: Path, *overrides: str) -> list[str]:
    return [*TINY, f"Global.dataset_dir={data}", f"Global.output={output}", *overrides]


def command(data: Path, output: Path, *overrides: str) -> list[str]:
    """A training in a process of its own."""
    options = tiny_overrides(data, output, *overrides)
    return [sys.executable, "-W", "ignore", "-c", SCRIPT, "PP-YOLOE_seg-S", *options]


def one_thread() -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1"}


def same_checkpoint(first: Path, second: Path) -> bool:
    """Weights, averages, optimiser and state, bit by bit. (Files of weights also hold names that
    Paddle counts up in its process.)"""
    name = first.name
    arrays = [
        {
            f"{suffix}/{key}": value
            for suffix in ("pdparams", "pdema", "pdopt")
            for key, value in read_checkpoint(folder / f"{name}.{suffix}").items()
        }
        for folder in (first, second)
    ]
    assert len(arrays[0]) > 1000
    states = [(folder / f"{name}.pdstates").read_text() for folder in (first, second)]
    return (
        states[0] == states[1]
        and arrays[0].keys() == arrays[1].keys()
        and all(arrays[0][key].tobytes() == arrays[1][key].tobytes() for key in arrays[0])
    )
