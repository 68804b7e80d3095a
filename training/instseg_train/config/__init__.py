"""The configuration of a run: PaddleX's sections and keys, typed."""

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
    "EvaluateSection",
    "ExportSection",
    "GlobalSection",
    "PredictSection",
    "TrainSection",
]
