"""`instseg train`."""

from pathlib import Path
from typing import Annotated

import typer

from instseg_train.cli.run_options import (
    ConfigOption,
    DatasetOption,
    DeviceOption,
    OutputOption,
    OverrideOption,
    configuration,
    run_to_exit,
)


def train(
    config: ConfigOption,
    dataset: DatasetOption = None,
    output: OutputOption = None,
    device: DeviceOption = None,
    classes: Annotated[
        int | None, typer.Option(min=1, help="Number of classes (Train.num_classes).")
    ] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Train.epochs_iters.")] = None,
    batch_size: Annotated[
        int | None, typer.Option(min=1, help="Images of a step, per process (Train.batch_size).")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(help="Checkpoint (.pdparams) of a run to go on with (Train.resume_path)."),
    ] = None,
    override: OverrideOption = None,
) -> None:
    """Train a model on a data set.

    Checkpoints, log, curves and exported models go into the output folder.
    """
    options = {
        "Global.mode": "train",
        "Global.dataset_dir": dataset,
        "Global.output": output,
        "Global.device": device,
        "Train.num_classes": classes,
        "Train.epochs_iters": epochs,
        "Train.batch_size": batch_size,
        "Train.resume_path": resume,
    }
    packages = ("paddle", "pycocotools", "cv2", "matplotlib", "tensorboardX", "scipy")
    run_to_exit(configuration("instseg train", config, override, options, packages))
