"""`instseg export`."""

from enum import Enum
from typing import Annotated

import typer

from instseg_train.cli.run_options import (
    ANY_MODEL,
    ConfigOption,
    OutputOption,
    OverrideOption,
    configuration,
    run_to_exit,
)


class ProgramFormatOption(str, Enum):
    """How the program is written."""

    PIR = "pir"
    LEGACY = "legacy"


def export(
    weights: Annotated[
        str | None,
        typer.Argument(
            metavar="[WEIGHTS]", help="Checkpoint (.pdparams) or its address: Export.weight_path."
        ),
    ] = None,
    output: OutputOption = None,
    program_format: Annotated[
        ProgramFormatOption,
        typer.Option(
            "--format", help="pir: inference.json, Paddle 3.0 and newer; legacy: inference.pdmodel."
        ),
    ] = ProgramFormatOption.PIR,
    config: ConfigOption = ANY_MODEL,
    override: OverrideOption = None,
) -> None:
    """Export weights as a model folder.

    The SDK, PaddleX and Paddle Inference run it. --config is for weights that do not say which
    model they are.
    """
    options = {
        "Global.mode": "export",
        "Global.output": output,
        "Export.weight_path": weights,
        "Export.program_format": program_format.value,
    }
    run_to_exit(configuration("instseg export", config, override, options, ("paddle", "cv2")))
