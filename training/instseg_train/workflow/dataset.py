"""Mode check_dataset: convert, split and check a data set."""

from __future__ import annotations

from typing import Any

from instseg_train.config import Config


def prepare_dataset(config: Config) -> dict[str, Any]:
    """Converts and splits where the configuration says so, then checks; the content of
    check_dataset_result.json. Raises InvalidArgument with all that is wrong with the data set."""
    if config.check_dataset.convert.enable:
        convert(config)
    if config.check_dataset.split.enable:
        split(config)
    return check(config)


def convert(config: Config) -> None:
    raise NotImplementedError


def split(config: Config) -> None:
    raise NotImplementedError


def check(config: Config) -> dict[str, Any]:
    raise NotImplementedError
