"""Writes what an evaluation shows beside its figures: curves, the worst images, all finds."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument
from instseg.image_input import load_pixels
from instseg.importer.atomic_folder import atomic_folder
from instseg.picture_file import write_picture
from instseg_train.evaluate.evaluation import Evaluation
from instseg_train.evaluate.image_scores import SCORE_THRESHOLD, score_images
from instseg_train.evaluate.precision_recall import plot_precision_recall
from instseg_train.evaluate.worst_picture import draw_worst_picture

CURVES, WORST, DETECTIONS = "pr_curves.png", "worst", "detections.json"


def write_evaluation(
    output_dir: str | os.PathLike[str],
    evaluation: Evaluation,
    *,
    worst: int = 12,
    threshold: float = SCORE_THRESHOLD,
    detections: bool = False,
    font: str | os.PathLike[str] | None = None,
    progress: Callable[[int], object] | None = None,
) -> list[Path]:
    """Writes into `output_dir`, which is made; returns the files.

    pr_curves.png             precision over recall of masks
    worst/001_NAME.png ...    the images with the lowest F1 at IoU 0.5 and the score `threshold`, at
                              most `worst`, annotated and predicted side by side; those without a
                              fault are not among them. An older folder is replaced
    detections.json           with `detections`: all finds, in COCO's format of results

    font: for names in other than Latin letters, a TrueType file. progress: called with 1 for each
    file. Each file, and the folder `worst`, appears whole or not at all. Raises InvalidArgument,
    OSError, MissingPackage.
    """
    if worst < 0:
        raise InvalidArgument(f"worst is {worst}; give 0 or more images")
    target = Path(output_dir)
    target.mkdir(parents=True, exist_ok=True)
    tell = progress or (lambda count: None)
    run = evaluation.run
    title = f"{run.model_name}, {run.engine}, {run.precision}: {len(evaluation.image_ids)} images"
    with atomic_file(target / CURVES) as file:
        file.write(plot_precision_recall(evaluation["segm"], title))
    tell(1)
    files = [target / CURVES]
    if detections:
        files.append(target / DETECTIONS)
        _write_detections(files[-1], evaluation)
        tell(1)
    with atomic_folder(target / WORST, overwrite=True) as folder:
        names = _write_worst(folder, evaluation, worst, threshold, font, tell)
    return files + [target / WORST / name for name in names]


def _write_worst(
    folder: Path,
    evaluation: Evaluation,
    count: int,
    threshold: float,
    font: str | os.PathLike[str] | None,
    tell: Callable[[int], object],
) -> list[str]:
    ranked = score_images(
        evaluation.truth,
        evaluation.detections,
        evaluation["segm"].matches,
        evaluation.image_ids,
        threshold,
    )
    names = []
    for number, score in enumerate([one for one in ranked if one.f1 < 1][:count], 1):
        file_name = evaluation.truth.images[score.image_id].file_name
        picture = draw_worst_picture(
            load_pixels(evaluation.images_folder / file_name).rgb(),
            score,
            evaluation.truth,
            evaluation.detections,
            evaluation.class_labels,
            threshold=threshold,
            font=font,
        )
        stem = re.sub(r"[^\w.-]+", "_", Path(file_name).stem)[:80]
        names.append(f"{number:03d}_{stem}.png")
        write_picture(folder / names[-1], np.asarray(picture))
        tell(1)
    return names


def _write_detections(path: Path, evaluation: Evaluation) -> None:
    with atomic_file(path) as file:
        file.write(b"[")
        for number, entry in enumerate(evaluation.detections.coco_entries()):
            file.write((",\n" if number else "\n").encode() + json.dumps(entry).encode())
        file.write(b"\n]\n")
