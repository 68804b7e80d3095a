"""COCO's twelve metrics for boxes and masks, and the average precision of each class."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg import Result
from instseg.errors import InvalidArgument

# In the order of COCOeval's `stats`.
METRIC_NAMES = (
    "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl",
)  # fmt: skip
Kind = Literal["bbox", "segm"]
# COCO looks at this many detections of an image.
MAX_DETECTIONS = 100


@dataclass(frozen=True)
class CocoScores:
    """Metric name -> value in [0, 1]; NaN where there is no ground truth to measure it on.

    per_class  class name -> AP (IoU 0.50 to 0.95)
    """

    metrics: Mapping[str, float]
    per_class: Mapping[str, float]


class CocoMetrics:
    """Collects the results of a data set's images; `scores` compares them with its annotations."""

    def __init__(self, annotation_file: str | os.PathLike[str]) -> None:
        """annotation_file: COCO's JSON of instances. Raises InvalidArgument where it is none."""
        if not Path(annotation_file).is_file():
            raise InvalidArgument(f"there is no annotation file {annotation_file}")
        try:
            with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells how long it took
                self._truth = COCO(os.fspath(annotation_file))
        except (ValueError, KeyError, TypeError, AssertionError) as error:
            raise InvalidArgument(
                f"{annotation_file} is no COCO annotation file: {error!r}"
            ) from error
        # Class indices are the places of the categories in the order of their ids.
        self.category_ids: list[int] = sorted(self._truth.getCatIds())
        self._entries: dict[Kind, list[dict[str, Any]]] = {"bbox": [], "segm": []}
        self._seen: list[int] = []

    @property
    def images(self) -> dict[int, str]:
        """Image id -> file name, in the order of the ids."""
        return {key: self._truth.imgs[key]["file_name"] for key in sorted(self._truth.imgs)}

    def add(self, image_id: int, result: Result) -> None:
        """Takes what was found on one image; masks not clipped to boxes count as they are."""
        if image_id not in self._truth.imgs:
            raise InvalidArgument(f"the annotations have no image {image_id}")
        if result.error is not None:
            raise InvalidArgument(f"image {image_id} failed: {result.error}")
        entries = result.to_coco(image_id, self.category_ids)
        self._seen.append(image_id)
        for entry in entries:
            box = {key: entry[key] for key in ("image_id", "category_id", "bbox", "score")}
            mask = {key: entry[key] for key in ("image_id", "category_id", "segmentation", "score")}
            self._entries["bbox"].append(box)
            self._entries["segm"].append(mask)

    def scores(self, kind: Kind = "segm") -> CocoScores:
        """Of the images that were added, against their annotations."""
        if not self._entries[kind]:
            nothing = dict.fromkeys(METRIC_NAMES, 0.0)
            return CocoScores(nothing, dict.fromkeys(self._names(), 0.0))
        with contextlib.redirect_stdout(io.StringIO()):
            found = self._truth.loadRes([dict(entry) for entry in self._entries[kind]])
            evaluation = COCOeval(self._truth, found, kind)
            evaluation.params.imgIds = sorted(set(self._seen))
            evaluation.evaluate()
            evaluation.accumulate()
            evaluation.summarize()
        metrics = {
            name: _value(value) for name, value in zip(METRIC_NAMES, evaluation.stats, strict=True)
        }
        # precision [T IoU, R recall, K classes, A areas, M detections]; -1: nothing to find
        precision = evaluation.eval["precision"][:, :, :, 0, -1]
        per_class = {}
        for index, name in enumerate(self._names()):
            values = precision[:, :, index]
            values = values[values > -1]
            per_class[name] = float(values.mean()) if values.size else float("nan")
        return CocoScores(metrics, per_class)

    def _names(self) -> list[str]:
        return [self._truth.cats[key]["name"] for key in self.category_ids]


def _value(stat: float) -> float:
    return float("nan") if np.isclose(stat, -1) else float(stat)
