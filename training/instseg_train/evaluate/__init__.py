"""How good a model is: COCO's metrics, with masks drawn by the SDK."""

from instseg_train.evaluate.checkpoint import evaluate
from instseg_train.evaluate.coco_metrics import CocoMetrics, CocoScores
from instseg_train.evaluate.evaluation import Evaluation, FailedImage
from instseg_train.evaluate.folder import evaluate_folder
from instseg_train.evaluate.output_files import write_evaluation

__all__ = [
    "CocoMetrics",
    "CocoScores",
    "Evaluation",
    "FailedImage",
    "evaluate",
    "evaluate_folder",
    "write_evaluation",
]
