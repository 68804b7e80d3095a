"""COCO's twelve metrics for boxes and masks, and the average precision of each class."""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO
from pycocotools.cocoeval import COCOeval

from instseg import Result
from instseg.errors import InvalidArgument
from instseg_train.evaluate.annotations import Truth, read_annotations
from instseg_train.evaluate.class_matching import ClassMatch, match_classes
from instseg_train.evaluate.detections import Detections

# In the order of COCOeval's `stats`.
METRIC_NAMES = (
    "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl",
)  # fmt: skip
Kind = Literal["bbox", "segm"]
KINDS: tuple[Kind, Kind] = ("bbox", "segm")
NO_MATCHES = np.zeros(0, np.int64)


@dataclass(frozen=True)
class Matches:
    """Which detection is which object at IoU 0.50, of any size.

    found       int64, by detection: the object's number (its place in `Truth.objects`, from 1),
                0 without one
    counted     bool, by detection: false for those in crowds, and beyond COCO's 100 best of a class
                and image
    """

    found: npt.NDArray[np.int64]
    counted: npt.NDArray[np.bool_]


@dataclass(frozen=True)
class CocoScores:
    """Values in [0, 1]; NaN where there is no ground truth to measure on.

    metrics          metric name -> value
    per_class        class name -> AP (IoU 0.50 to 0.95)
    per_class_ap50   class name -> AP at IoU 0.50
    precision        float64 [T = 10 IoUs from 0.50 by 0.05, R = 101 recalls from 0 by 0.01, K
                     classes]; -1 for a class without objects
    matches          see there
    """

    metrics: Mapping[str, float]
    per_class: Mapping[str, float]
    per_class_ap50: Mapping[str, float] = field(default_factory=dict)
    precision: npt.NDArray[np.float64] = field(default_factory=lambda: -np.ones((10, 101, 0)))
    matches: Matches = field(
        default_factory=lambda: Matches(NO_MATCHES, np.zeros(0, np.bool_)), repr=False
    )


class CocoMetrics:
    """Collects the results of a data set's images; `scores` compares them with its annotations.

    Masks are kept as run lengths, and classes are compared one after the other: memory grows by
    some hundred bytes per detection.
    """

    def __init__(self, annotation_file: str | os.PathLike[str]) -> None:
        """annotation_file: COCO's JSON of instances. Classes are its categories in the order of
        their ids, until `match_model` is told other names.

        Raises InvalidArgument: see `read_annotations`.
        """
        self.truth: Truth = read_annotations(annotation_file)
        self.category_ids: list[int] = list(self.truth.categories)
        self.match = ClassMatch(dict(enumerate(self.category_ids)), ())
        self.detections = Detections()
        self._seen: dict[int, None] = {}

    def match_model(self, class_names: Sequence[str]) -> None:
        """Takes class ids as those of a model with these names.

        Raises InvalidArgument: see `match_classes`.
        """
        self.match = match_classes(class_names, self.truth.categories)

    @property
    def images(self) -> dict[int, str]:
        """Image id -> file name, in the order of the ids."""
        return {key: image.file_name for key, image in self.truth.images.items()}

    @property
    def seen(self) -> list[int]:
        """Ids of the images that were added."""
        return sorted(self._seen)

    @property
    def class_names(self) -> list[str]:
        """By category id; a name that occurs twice has its id behind it."""
        names = list(self.truth.categories.values())
        return [
            name if names.count(name) == 1 else f"{name} (category {key})"
            for key, name in self.truth.categories.items()
        ]

    def add(self, image_id: int, result: Result) -> None:
        """Takes what was found on one image; masks not clipped to boxes count as they are.

        Raises InvalidArgument: no such image, one that was added before, a failed result, one of
        another size than the annotations say.
        """
        if image_id not in self.truth.images:
            raise InvalidArgument(f"the annotations have no image {image_id}")
        if image_id in self._seen:
            raise InvalidArgument(f"image {image_id} was added before")
        if result.error is not None:
            raise InvalidArgument(f"image {image_id} failed: {result.error}")
        image = self.truth.images[image_id]
        height, width = result.image_size
        if (height, width) != (image.height, image.width):
            raise InvalidArgument(
                f"{image.file_name} is {width} x {height} pixels (turned as its EXIF orientation "
                f"says), but the annotations say {image.width} x {image.height}"
            )
        self.detections.add(image_id, result, self.match.category_ids)
        self._seen[image_id] = None

    def scores(
        self, kind: Kind = "segm", progress: Callable[[int], object] | None = None
    ) -> CocoScores:
        """Of the images that were added, against their annotations.

        progress: called with 1 for each class.
        """
        by_class = [self._compare(category_id, kind, progress) for category_id in self.category_ids]
        whole = _summary(by_class, self.category_ids, kind)
        found = np.zeros(len(self.detections), np.int64)
        counted = np.zeros(len(self.detections), np.bool_)
        for one in by_class:
            for image in one.images:
                # Numbers of detections are from 1 too.
                places = np.array(image["dtIds"], np.int64) - 1
                found[places] = image["dtMatches"][0]
                counted[places] = ~image["dtIgnore"][0].astype(bool)
        # precision [T IoU, R recall, K classes, A areas, M detections]; -1: nothing to find
        precision = whole.eval["precision"][:, :, :, 0, -1]
        names = self.class_names
        return CocoScores(
            metrics={
                name: _value(value) for name, value in zip(METRIC_NAMES, whole.stats, strict=True)
            },
            per_class={name: _mean(precision[:, :, k]) for k, name in enumerate(names)},
            per_class_ap50={name: _mean(precision[0, :, k]) for k, name in enumerate(names)},
            precision=precision,
            matches=Matches(found, counted),
        )

    def _compare(
        self, category_id: int, kind: Kind, progress: Callable[[int], object] | None
    ) -> _OneClass:
        """COCOeval on one class: its per-image records would not fit into memory for all."""
        seen = self._seen
        truth = [
            dict(entry)
            for entry in self.truth.objects
            if entry["category_id"] == category_id and entry["image_id"] in seen
        ]
        image_ids = self.detections.image_ids
        found = []
        for place in np.flatnonzero(self.detections.category_ids == category_id).tolist():
            x, y, w, h = self.detections.box(place)
            entry = {
                "id": place + 1,
                "image_id": int(image_ids[place]),
                "category_id": category_id,
                "score": self.detections.score(place),
                "bbox": [x, y, w, h],
                "iscrowd": 0,
                "area": w * h,
            }
            if kind == "segm":
                mask = self.detections.run_lengths(place)
                entry |= {"segmentation": mask, "area": float(coco_mask.area(mask))}
            found.append(entry)
        used = sorted({entry["image_id"] for entry in (*truth, *found)})
        with contextlib.redirect_stdout(io.StringIO()):  # pycocotools tells how long it took
            evaluation = COCOeval(self._coco(truth, used), self._coco(found, used), kind)
            evaluation.params.imgIds = used
            evaluation.params.catIds = [category_id]
            evaluation.evaluate()
            evaluation.accumulate()
        # The first range of areas is all of them.
        images = [record for record in evaluation.evalImgs[: len(used)] if record is not None]
        if progress is not None:
            progress(1)
        return _OneClass(evaluation.eval["precision"], evaluation.eval["recall"], images)

    def _coco(self, entries: list[dict[str, Any]], image_ids: list[int]) -> COCO:
        coco = COCO()
        images = [
            {"id": i, "height": self.truth.images[i].height, "width": self.truth.images[i].width}
            for i in image_ids
        ]
        categories = [{"id": key, "name": name} for key, name in self.truth.categories.items()]
        coco.dataset = {"images": images, "annotations": entries, "categories": categories}
        coco.createIndex()
        return coco


@dataclass(frozen=True)
class _OneClass:
    """precision and recall as COCOeval's, with K = 1; images: its records for all areas."""

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    images: list[dict[str, Any]]


def _summary(by_class: list[_OneClass], category_ids: list[int], kind: Kind) -> Any:
    """A COCOeval that knows the figures of all classes, summarised."""
    with contextlib.redirect_stdout(io.StringIO()):
        whole = COCOeval(iouType=kind)
        whole.params.catIds = category_ids
        whole.eval = {
            "precision": np.concatenate([one.precision for one in by_class], axis=2),
            "recall": np.concatenate([one.recall for one in by_class], axis=1),
        }
        whole.summarize()
    return whole


def _mean(precision: npt.NDArray[np.float64]) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else float("nan")


def _value(stat: float) -> float:
    return float("nan") if np.isclose(stat, -1) else float(stat)
