"""Data sets before training: checked, converted from LabelMe, split.

Names load on first use (PEP 562): a check needs no splitting, a split no plots.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from instseg_train.dataset_tools.check.check import check_dataset as check_dataset
    from instseg_train.dataset_tools.check.report import CheckReport as CheckReport
    from instseg_train.dataset_tools.labelme.convert import ConvertReport as ConvertReport
    from instseg_train.dataset_tools.labelme.convert import convert_labelme as convert_labelme
    from instseg_train.dataset_tools.problems import DatasetError as DatasetError
    from instseg_train.dataset_tools.problems import Problem as Problem
    from instseg_train.dataset_tools.replace_files import (
        complete_interrupted as complete_interrupted,
    )
    from instseg_train.dataset_tools.split.split import SplitReport as SplitReport
    from instseg_train.dataset_tools.split.split import split_dataset as split_dataset

# Public name -> the module that defines it.
_HOMES = {
    "CheckReport": "check.report",
    "ConvertReport": "labelme.convert",
    "DatasetError": "problems",
    "Problem": "problems",
    "SplitReport": "split.split",
    "check_dataset": "check.check",
    "complete_interrupted": "replace_files",
    "convert_labelme": "labelme.convert",
    "split_dataset": "split.split",
}

__all__ = [
    "CheckReport",
    "ConvertReport",
    "DatasetError",
    "Problem",
    "SplitReport",
    "check_dataset",
    "complete_interrupted",
    "convert_labelme",
    "split_dataset",
]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"instseg_train.dataset_tools.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
