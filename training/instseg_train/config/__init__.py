"""The configuration of a run: PaddleX's sections and keys, typed."""

from instseg_train.config.devices import Devices, parse_devices
from instseg_train.config.reading import dump_config, read_config
from instseg_train.config.schema import (
    CheckDatasetSection,
    Config,
    EvaluateSection,
    ExportSection,
    GlobalSection,
    PredictSection,
    TrainSection,
)

__all__ = [
    "CheckDatasetSection",
    "Config",
    "Devices",
    "EvaluateSection",
    "ExportSection",
    "GlobalSection",
    "PredictSection",
    "TrainSection",
    "dump_config",
    "parse_devices",
    "read_config",
]
