"""`instseg check-dataset`."""

from instseg_train.cli.run_options import (
    ANY_MODEL,
    ConfigOption,
    DatasetArgument,
    OutputOption,
    OverrideOption,
    configuration,
    run_to_exit,
)

PACKAGES = ("pycocotools", "cv2", "matplotlib")


def check_dataset(
    dataset: DatasetArgument,
    output: OutputOption = None,
    config: ConfigOption = ANY_MODEL,
    override: OverrideOption = None,
) -> None:
    """Check every image and annotation of a data set.

    In COCO's layout. Reports all that is wrong at once, and writes check_dataset_result.json,
    sample pictures and a histogram of the classes into the output folder.
    """
    options = {
        "Global.mode": "check_dataset",
        "Global.dataset_dir": dataset,
        "Global.output": output,
    }
    run_to_exit(configuration("instseg check-dataset", config, override, options, PACKAGES))
