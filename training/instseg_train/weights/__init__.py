"""Weights: checkpoint files read without running what is in them, and fitted to a model."""

from instseg_train.weights.checkpoint import read_checkpoint
from instseg_train.weights.loading import WeightsReport, load_weights

__all__ = ["WeightsReport", "load_weights", "read_checkpoint"]
