"""COCO's twelve metrics for boxes and masks, and the average precision of each class."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

from instseg import Result
from instseg.errors import InvalidArgument
from instseg_train.evaluate.annotations import Truth, read_annotations
from instseg_train.evaluate.class_comparison import Kind, compare_class, summarised
from instseg_train.evaluate.class_matching import ClassMatch, match_classes
from instseg_train.evaluate.detections import Detections

# In the order of COCOeval's `stats`.
METRIC_NAMES = (
    "AP", "AP50", "AP75", "APs", "APm", "APl", "AR1", "AR10", "AR100", "ARs", "ARm", "ARl",
)  # fmt: skip
KINDS: tuple[Kind, Kind] = ("bbox", "segm")
NO_MATCHES = np.zeros(0, np.int64)


@dataclass(frozen=True, eq=False)
class Matches:
    """Which detection is which object at IoU 0.50, of any size.

    found       int64, by detection: the object's number (its place in `Truth.objects`, from 1),
                0 without one
    counted     bool, by detection: false for those in crowds, and beyond COCO's 100 best of a class
                and image
    """

    found: npt.NDArray[np.int64]
    counted: npt.NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
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
        found = np.zeros(len(self.detections), np.int64)
        counted = np.zeros(len(self.detections), np.bool_)
        comparisons = []
        for category_id in self.category_ids:
            objects, entries = self._entries(category_id, kind)
            one = compare_class(category_id, objects, entries, self.truth.images, kind)
            found[one.ids - 1], counted[one.ids - 1] = one.found, one.counted
            comparisons.append(one)
            if progress is not None:
                progress(1)
        whole = summarised(comparisons, kind)
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

    def _entries(
        self, category_id: int, kind: Kind
    ) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
        """Objects and detections of a class, as COCOeval takes them; ids of detections are their
        places + 1."""
        objects = [
            dict(entry)
            for entry in self.truth.objects
            if entry["category_id"] == category_id and entry["image_id"] in self._seen
        ]
        found = []
        for place in np.flatnonzero(self.detections.category_ids == category_id).tolist():
            box = self.detections.box(place)
            entry = {
                "id": place + 1,
                "image_id": self.detections.image_id(place),
                "category_id": category_id,
                "score": self.detections.score(place),
                "bbox": box,
                "iscrowd": 0,
                "area": box[2] * box[3],
            }
            if kind == "segm":
                mask = self.detections.run_lengths(place)
                entry |= {"segmentation": mask, "area": float(coco_mask.area(mask))}
            found.append(entry)
        return objects, found


def _mean(precision: npt.NDArray[np.float64]) -> float:
    known = precision[precision > -1]
    return float(known.mean()) if known.size else float("nan")


def _value(stat: float) -> float:
    return float("nan") if np.isclose(stat, -1) else float(stat)
