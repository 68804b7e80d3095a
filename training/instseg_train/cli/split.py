"""`instseg split`."""

from typing import Annotated

import typer

from instseg_train.cli.run_options import (
    ANY_MODEL,
    ConfigOption,
    DatasetArgument,
    OverrideOption,
    configuration,
)


def split(
    dataset: DatasetArgument,
    train: Annotated[float, typer.Option(help="Percentage of the images for training.")] = 80,
    val: Annotated[
        float | None, typer.Option(help="For validation.  [default: the rest]", show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Another seed draws other images.")] = 0,
    config: ConfigOption = ANY_MODEL,
    override: OverrideOption = None,
) -> None:
    """Divide a data set into training and validation anew.

    Files that change are kept as .bak.
    """
    options = {
        "Global.dataset_dir": dataset,
        "CheckDataset.split.train_percent": train,
        "CheckDataset.split.val_percent": 100 - train if val is None else val,
        "CheckDataset.split.seed": seed,
        "CheckDataset.split.enable": True,
    }
    read = configuration("instseg split", config, override, options)
    from instseg_train.workflow.dataset import split

    split(read)
