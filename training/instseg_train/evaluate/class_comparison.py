"""COCOeval on one class at a time, and the figures of all of them together.

COCOeval keeps a record of every class, image and range of areas; those of 80 classes and thousands
of images would take gigabytes.
"""

from __future__ import annotations

import contextlib
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg_train.evaluate.annotations import TruthImage

Kind = Literal["bbox", "segm"]


@dataclass(frozen=True, eq=False)
class ClassComparison:
    """One class. precision, recall: COCOeval's, with K = 1.

    ids       int64, of the detections that were looked at: COCO's 100 best of each image
    found     int64, the id of the object that each one is at IoU 0.50; 0 without one
    counted   bool, false for finds in crowds
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    ids: npt.NDArray[np.int64]
    found: npt.NDArray[np.int64]
    counted: npt.NDArray[np.bool_]


def compare_class(
    category_id: int,
    objects: list[dict[str, Any]],
    detections: list[dict[str, Any]],
    images: Mapping[int, TruthImage],
    kind: Kind,
) -> ClassComparison:
    """objects, detections: of this class, with all that COCOeval reads; `id` is not 0."""
    # An image with neither has no part in the figures.
    used = sorted({entry["image_id"] for entry in (*objects, *detections)})
    sizes = [{"id": i, "height": images[i].height, "width": images[i].width} for i in used]
    with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells how long it took
        evaluation = COCOeval(
            _coco(objects, sizes, category_id), _coco(detections, sizes, category_id), kind
        )
        evaluation.evaluate()
        evaluation.accumulate()
    # The first range of areas is all of them; the first IoU is 0.50.
    records = [record for record in evaluation.evalImgs[: len(used)] if record is not None]
    return ClassComparison(
        precision=evaluation.eval["precision"],
        recall=evaluation.eval["recall"],
        ids=_joined([record["dtIds"] for record in records]),
        found=_joined([record["dtMatches"][0] for record in records]),
        counted=_joined([record["dtIgnore"][0] for record in records]) == 0,
    )


def summarised(comparisons: Sequence[ClassComparison], kind: Kind) -> Any:
    """A COCOeval that knows all classes: `stats`, and `eval` with precision and recall."""
    with contextlib.redirect_stdout(io.StringIO()):
        whole = COCOeval(iouType=kind)
        whole.eval = {
            "precision": np.concatenate([one.precision for one in comparisons], axis=2),
            "recall": np.concatenate([one.recall for one in comparisons], axis=1),
        }
        whole.summarize()
    return whole


def _coco(entries: list[dict[str, Any]], images: list[dict[str, Any]], category_id: int) -> COCO:
    coco = COCO()
    categories = [{"id": category_id}]
    coco.dataset = {"images": images, "annotations": entries, "categories": categories}
    coco.createIndex()
    return coco


def _joined(parts: list[Any]) -> npt.NDArray[np.int64]:
    return np.concatenate([np.asarray(part, np.int64) for part in ([], *parts)])
