"""How good a model is: COCO's metrics, with masks drawn by the SDK.

    evaluation = evaluate("output/best_model/best_model.pdparams", "dataset", engine="openvino")
    evaluation = evaluate_folder("output/best_model/inference", "dataset")
    evaluation["segm"].metrics["AP"], evaluation["bbox"].per_class["coin"]
    evaluation.table()      text: the twelve metrics of boxes and masks, AP and AP50 of each class
    evaluation.to_dict()    plain data: what `evaluate_result.json` holds
    write_evaluation("output", evaluation)      pr_curves.png, worst/*.png, detections.json

`evaluate` takes checkpoints too: it exports them to a temporary folder. Both take `split`,
`engine`, `device`, `precision`, `num_threads`, `num_streams` and `progress`, called with 1 for each
image. `CocoMetrics` is what they collect results in, for images from elsewhere.
"""

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
