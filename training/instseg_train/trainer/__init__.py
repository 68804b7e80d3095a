"""Training: from a configuration to checkpoints, exported models and curves."""

from instseg_train.trainer.errors import TrainingError
from instseg_train.trainer.training import train

__all__ = ["TrainingError", "train"]
