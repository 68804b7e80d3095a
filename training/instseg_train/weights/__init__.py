"""Weights: checkpoint files read without running what is in them, and fitted to a model."""

from instseg_train.weights.checkpoint import read_checkpoint
from instseg_train.weights.loading import WeightsReport, load_weights
from instseg_train.weights.saved_model import ModelCard, load_model, save_model

__all__ = [
    "ModelCard",
    "WeightsReport",
    "load_model",
    "load_weights",
    "read_checkpoint",
    "save_model",
]
