"""How good a model is: COCO's metrics, with masks drawn by the SDK."""

from instseg_train.evaluate.coco_metrics import CocoMetrics, CocoScores
from instseg_train.evaluate.folder import evaluate_folder

__all__ = ["CocoMetrics", "CocoScores", "evaluate_folder"]
