"""`instseg convert`."""

from instseg_train.cli.run_options import (
    ANY_MODEL,
    ConfigOption,
    DatasetArgument,
    OverrideOption,
    configuration,
)


def convert(
    dataset: DatasetArgument,
    config: ConfigOption = ANY_MODEL,
    override: OverrideOption = None,
) -> None:
    """Convert a data set of LabelMe to COCO's layout.

    In place; files that change are kept as .bak.
    """
    options = {
        "Global.dataset_dir": dataset,
        "CheckDataset.convert.enable": True,
        "CheckDataset.convert.src_dataset_type": "LabelMe",
    }
    read = configuration("instseg convert", config, override, options, ("pycocotools", "cv2"))
    from instseg_train.workflow.dataset import convert

    convert(read)
