"""`instseg evaluate`."""

from typing import Annotated

import typer

from instseg_train.cli.run_options import (
    ANY_MODEL,
    ConfigOption,
    DatasetOption,
    DeviceOption,
    OutputOption,
    OverrideOption,
    configuration,
    run_to_exit,
)


def evaluate(
    weights: Annotated[
        str | None,
        typer.Argument(
            metavar="[WEIGHTS]",
            help="Exported folder, or checkpoint (.pdparams): Evaluate.weight_path.",
        ),
    ] = None,
    dataset: DatasetOption = None,
    output: OutputOption = None,
    device: DeviceOption = None,
    engine: Annotated[
        str | None, typer.Option(help="What runs it; `instseg doctor` lists them.")
    ] = None,
    precision: Annotated[
        str | None, typer.Option(help="fp32, or bf16 where the processor has it.")
    ] = None,
    config: ConfigOption = ANY_MODEL,
    override: OverrideOption = None,
) -> None:
    """Measure COCO's metrics on the validation images.

    On any engine. Curves and the worst pictures go into the output folder, under evaluate/.
    --config is for weights that do not say which model they are.
    """
    options = {
        "Global.mode": "evaluate",
        "Global.dataset_dir": dataset,
        "Global.output": output,
        "Global.device": device,
        "Evaluate.weight_path": weights,
        "Evaluate.engine": engine,
        "Evaluate.precision": precision,
    }
    packages = ("pycocotools", "cv2", "matplotlib")
    run_to_exit(configuration("instseg evaluate", config, override, options, packages))
