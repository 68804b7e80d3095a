"""Evaluates a model folder on a data set, through the SDK."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import instseg
from instseg.errors import InvalidArgument
from instseg_train.evaluate.coco_metrics import MAX_DETECTIONS, CocoMetrics, CocoScores

# Average precision looks at all detections, however unsure.
SCORE_THRESHOLD = 0.01


def evaluate_folder(
    model: str | os.PathLike[str],
    dataset_dir: str | os.PathLike[str],
    *,
    split: str = "val",
    engine: str = "auto",
    precision: str = "fp32",
    num_threads: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> dict[str, CocoScores]:
    """`bbox` and `segm` -> the scores of an official or network folder on `dataset_dir`.

    dataset_dir  holds `images/` and `annotations/instance_SPLIT.json`
    progress     called with 1 for each image

    Raises InvalidArgument: no such data set, another number of classes; ImageError: an image that
    cannot be read; and what `instseg.Predictor` raises.
    """
    root = Path(dataset_dir)
    metrics = CocoMetrics(root / "annotations" / f"instance_{split}.json")
    predictor = instseg.Predictor(
        model, engine=engine, precision=precision, num_threads=num_threads
    )
    classes = len(predictor.info()["class_names"])
    if classes != len(metrics.category_ids):
        raise InvalidArgument(
            f"the model has {classes} classes, the data set {len(metrics.category_ids)} categories"
        )
    for image_id, name in metrics.images.items():
        result = predictor.predict(
            root / "images" / name,
            threshold=SCORE_THRESHOLD,
            max_detections=MAX_DETECTIONS,
            clip_masks=False,
        )
        metrics.add(image_id, result)
        if progress is not None:
            progress(1)
    return {kind: metrics.scores(kind) for kind in ("bbox", "segm")}
