"""Evaluates what training wrote: a checkpoint, or an exported folder."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from instseg import OFFICIAL_MODELS
from instseg.errors import InvalidArgument
from instseg_train.evaluate.annotations import read_annotations
from instseg_train.evaluate.evaluation import Evaluation
from instseg_train.evaluate.folder import evaluate_folder

if TYPE_CHECKING:
    from instseg_train.models.segmenter import Segmenter


def evaluate(
    weight_path: str | os.PathLike[str],
    dataset_dir: str | os.PathLike[str],
    *,
    model: str | None = None,
    class_names: Sequence[str] | None = None,
    input_size: Sequence[int] | None = None,
    scale: Mapping[str, float] | None = None,
    split: str = "val",
    engine: str = "auto",
    device: str = "cpu",
    precision: str = "fp32",
    num_threads: int | None = None,
    num_streams: int | None = None,
    progress: Callable[[int], object] | None = None,
) -> Evaluation:
    """COCO's metrics of a checkpoint or a model folder on `dataset_dir`.

    weight_path  an official or network folder, an official name; or weights, which are exported
                 for the purpose: a `.pdparams` file of `save_model` (NAME.yml beside it says which
                 model it is), or with `model` any of PaddleX's, its https address too
    model        official name, for weights without a card; `scale` as for `build_model`
    class_names  of such weights, by class id; default: COCO's where the data set has 80 categories,
                 else the data set's, in the order of their ids, as in training
    input_size   as for `export_model`; default: the card's, or the official one

    The rest as for `evaluate_folder`. Raises also ModelError: no such weights, no card, weights
    that do not fit the model.
    """
    path = os.fspath(weight_path)

    def run(folder: str | os.PathLike[str]) -> Evaluation:
        return evaluate_folder(
            folder,
            dataset_dir,
            split=split,
            engine=engine,
            device=device,
            precision=precision,
            num_threads=num_threads,
            num_streams=num_streams,
            progress=progress,
        )

    if Path(path).is_dir() or path in OFFICIAL_MODELS:
        if model is not None or class_names is not None or input_size is not None:
            raise InvalidArgument(
                f"{path} is a model folder or an official name, which says its classes and size "
                "itself; model, class_names and input_size are for weights"
            )
        return run(path)
    # Faults of the data set are told before a model is built.
    truth = read_annotations(Path(dataset_dir) / "annotations" / f"instance_{split}.json")
    from instseg_train.export import export_model
    from instseg_train.export.coco_classes import COCO_CLASSES

    source: Segmenter | str = path
    if model is not None:
        if class_names is None and len(truth.categories) != len(COCO_CLASSES):
            class_names = list(truth.categories.values())
        count = len(COCO_CLASSES) if class_names is None else len(class_names)
        source = _built(model, count, path, scale or {})
    with tempfile.TemporaryDirectory(prefix="instseg-evaluate-") as temporary:
        folder = Path(temporary) / "inference"
        export_model(source, folder, class_names=class_names, input_size=input_size, verify=False)
        evaluation = run(folder)
    return replace(evaluation, run=replace(evaluation.run, model_folder=path))


def _built(model: str, num_classes: int, weights: str, scale: Mapping[str, float]) -> Segmenter:
    from instseg_train import build_model, load_weights

    built = build_model(model, num_classes, from_scratch=False, **scale)
    load_weights(built, weights, strict=True)
    return built
