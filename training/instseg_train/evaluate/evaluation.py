"""What an evaluation gives: scores, and how they came about."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instseg.cli.table import text_table
from instseg_train.evaluate.annotations import Truth
from instseg_train.evaluate.class_comparison import Kind
from instseg_train.evaluate.coco_metrics import KINDS, METRIC_NAMES, CocoScores
from instseg_train.evaluate.detections import Detections

# What each metric averages over; sizes are areas of the annotations, in pixels.
MEANINGS = dict(
    zip(
        METRIC_NAMES,
        (
            "IoU 0.50 to 0.95",
            "IoU 0.50",
            "IoU 0.75",
            "small objects, under 32 x 32",
            "medium objects",
            "large objects, over 96 x 96",
            "recall, the best find per class and image",
            "recall, 10 finds",
            "recall, 100 finds",
            "recall, small objects",
            "recall, medium objects",
            "recall, large objects",
        ),
        strict=True,
    )
)


@dataclass(frozen=True)
class FailedImage:
    """An image that does not count, and why."""

    image_id: int
    file_name: str
    error: str


@dataclass(frozen=True)
class RunFacts:
    """What ran: as `Predictor.info` says.

    seconds_per_image  the time that all images took, decoding and run lengths included, divided by
                       their number
    """

    model_name: str
    model_folder: str
    engine: str
    device: str
    precision: str
    num_threads: int
    num_streams: int
    seconds_per_image: float


@dataclass(frozen=True, eq=False, repr=False)
class Evaluation(Mapping[Kind, CocoScores]):
    """`evaluation["segm"]` and `["bbox"]` are the scores.

    run             what was evaluated
    truth           the annotations
    detections      of all images that count
    image_ids       of these images
    failed          images that could not be read or segmented, or have another size than annotated
    left_out        classes of the model that are no category of the data set
    images_folder   where the images lie
    class_labels    category id -> name, each once
    """

    scores: Mapping[Kind, CocoScores]
    run: RunFacts
    truth: Truth
    detections: Detections
    image_ids: tuple[int, ...]
    failed: tuple[FailedImage, ...]
    left_out: tuple[str, ...]
    images_folder: Path
    class_labels: Mapping[int, str]

    def __getitem__(self, kind: Kind) -> CocoScores:
        return self.scores[kind]

    def __iter__(self) -> Iterator[Kind]:
        return iter(self.scores)

    def __len__(self) -> int:
        return len(self.scores)

    def __repr__(self) -> str:
        box, mask = (_shown(self[kind].metrics["AP"]) for kind in KINDS)
        return f"Evaluation({self.run.model_name!r}, box AP {box}, mask AP {mask})"

    def to_dict(self) -> dict[str, Any]:
        """The content of `evaluate_result.json`: plain data, None where nothing can be measured.

        `done_flag` and `metrics` ({"AP": of masks}) are PaddleX's; the rest is ours.
        """
        return {
            "done_flag": True,
            "metrics": {"AP": _plain(self["segm"].metrics["AP"])},
            **{
                kind: {name: _plain(value) for name, value in self[kind].metrics.items()}
                for kind in KINDS
            },
            "per_class": {
                label: {
                    "category_id": category_id,
                    "objects": self._objects().get(category_id, 0),
                    **{
                        f"{kind}_{metric}": _plain(values[label])
                        for kind in KINDS
                        for metric, values in self._per_class(kind)
                    },
                }
                for category_id, label in self.class_labels.items()
            },
            "model": self.run.model_name,
            "model_folder": self.run.model_folder,
            "engine": self.run.engine,
            "device": self.run.device,
            "precision": self.run.precision,
            "num_threads": self.run.num_threads,
            "num_streams": self.run.num_streams,
            "images": len(self.image_ids),
            "objects": sum(self._objects().values()),
            "detections": len(self.detections),
            "failed_images": [
                {"image_id": one.image_id, "file_name": one.file_name, "error": one.error}
                for one in self.failed
            ],
            "seconds_per_image": self.run.seconds_per_image,
            "notes": self.notes(),
        }

    def table(self) -> str:
        """The metrics, those of each class, and notes, as text for a console."""
        metrics = text_table(
            ("metric", "box", "mask", "over"),
            [
                (
                    name,
                    *(_shown(self[kind].metrics[name]) for kind in KINDS),
                    MEANINGS[name],
                )
                for name in METRIC_NAMES
            ],
        )
        objects = self._objects()
        columns = [values for kind in KINDS for _, values in self._per_class(kind)]
        classes = text_table(
            ("class", "objects", "box AP", "box AP50", "mask AP", "mask AP50"),
            [
                (label, str(objects.get(key, 0)), *(_shown(values[label]) for values in columns))
                for key, label in self.class_labels.items()
            ],
        )
        run = self.run
        title = (
            f"{run.model_name}, {run.engine}, {run.device}, {run.precision}: "
            f"{len(self.image_ids)} images, {sum(objects.values())} objects, "
            f"{run.seconds_per_image * 1e3:.1f} ms per image"
        )
        parts = [title, metrics, classes, "\n".join(self.notes())]
        return "\n\n".join(part for part in parts if part)

    def notes(self) -> list[str]:
        """What a reader of the figures should know."""
        notes = []
        if any(math.isnan(value) for kind in KINDS for value in self[kind].metrics.values()):
            notes.append(
                "Where there is no figure (null in JSON), the annotations have no such object."
            )
        empty = [
            label for key, label in self.class_labels.items() if not self._objects().get(key, 0)
        ]
        if empty:
            notes.append(
                f"Classes without objects do not count: {', '.join(empty[:12])}"
                + (f" and {len(empty) - 12} more." if len(empty) > 12 else ".")
            )
        if self.left_out:
            notes.append(
                f"{len(self.left_out)} classes of the model are no category of the data set; what "
                "it finds of them does not count."
            )
        if self.failed:
            first = self.failed[0]
            notes.append(
                f"{len(self.failed)} images failed and do not count; the first is "
                f"{first.file_name}: {first.error}"
            )
        return notes

    def _per_class(self, kind: Kind) -> tuple[tuple[str, Mapping[str, float]], ...]:
        scores = self[kind]
        return ("AP", scores.per_class), ("AP50", scores.per_class_ap50)

    def _objects(self) -> dict[int, int]:
        """Category id -> objects to find in the images that count; crowds are none."""
        counted = set(self.image_ids)
        objects: dict[int, int] = {}
        for entry in self.truth.objects:
            if entry["image_id"] in counted and not entry["iscrowd"]:
                key = entry["category_id"]
                objects[key] = objects.get(key, 0) + 1
        return objects


def _plain(value: float) -> float | None:
    return None if math.isnan(value) else float(value)


def _shown(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.3f}"
