"""From a model to a folder that PaddleX, Paddle Inference and the SDK run."""

from instseg_train.export.folder import ExportReport, export_model

__all__ = ["ExportReport", "export_model"]
