"""Mode check_dataset: convert, split and check a data set."""

from __future__ import annotations

import sys
from typing import Any

from instseg.cli.progress_bar import stage_bar
from instseg.optional_package import require
from instseg_train.config import Config


def prepare_dataset(config: Config) -> dict[str, Any]:
    """Converts and splits where the configuration says so, then checks; the content of
    check_dataset_result.json, in which done_flag tells whether the check passed."""
    if config.check_dataset.convert.enable:
        convert(config)
    if config.check_dataset.split.enable:
        split(config)
    return check(config)


def convert(config: Config) -> None:
    """From LabelMe to COCO's layout, in place. Raises what `convert_labelme` raises."""
    require("pycocotools", extra="train", purpose="the conversion of a data set")
    from instseg_train.dataset_tools import convert_labelme

    with stage_bar() as progress:
        report = convert_labelme(
            config.general.dataset_dir, seed=config.check_dataset.split.seed, progress=progress
        )
    print(report.text())


def split(config: Config) -> None:
    """Divides the images anew. Raises what `split_dataset` raises."""
    from instseg_train.dataset_tools import split_dataset

    section = config.check_dataset.split
    assert section.train_percent is not None  # the schema asks for both
    assert section.val_percent is not None
    report = split_dataset(
        config.general.dataset_dir,
        train_percent=section.train_percent,
        val_percent=section.val_percent,
        seed=section.seed,
    )
    print(report.text())


def check(config: Config) -> dict[str, Any]:
    """Any number of classes will do; one other than Train.num_classes is told."""
    require("pycocotools", extra="train", purpose="the check of a data set")
    from instseg_train.dataset_tools import check_dataset

    with stage_bar() as progress:
        report = check_dataset(config.general.dataset_dir, config.general.output, progress=progress)
    print(report.text(), file=sys.stdout if report.passed else sys.stderr)
    classes = report.num_classes
    if report.passed and classes != config.train.num_classes:
        print(
            f"Train.num_classes is {config.train.num_classes}; train on this data set with "
            f"-o Train.num_classes={classes}"
        )
    content: dict[str, Any] = report.result()
    return content
