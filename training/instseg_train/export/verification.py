"""Runs an exported folder in Paddle and in the SDK, and compares what they find."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import instseg
from instseg.made_up_picture import made_up_jpeg

# Of scores; the first at which enough instances are left is compared.
THRESHOLDS = (0.5, 0.3, 0.1, 0.05, 0.02, 0.01)
ENOUGH_INSTANCES = 5


@dataclass(frozen=True)
class Tolerance:
    """How far pairs may be apart: boxes in pixels, scores, the least and the median mask IoU."""

    box_px: float
    score: float
    least_iou: float
    median_iou: float


# Weights at random make ragged masks, which rounding changes more.
TRAINED = Tolerance(box_px=0.5, score=2e-3, least_iou=0.99, median_iou=0.99)
GENERATED = Tolerance(box_px=0.5, score=2e-3, least_iou=0.95, median_iou=0.99)


@dataclass(frozen=True)
class Comparison:
    """The SDK's instances beside Paddle's on one image, above `threshold`.

    box_px, score              largest differences of pairs (boxes in pixels); 0 without pairs
    least_iou, median_iou      of the pairs' masks; 1 without pairs
    unpaired_scores            of the instances that only one of them finds
    """

    threshold: float
    paddle_instances: int
    sdk_instances: int
    pairs: int
    box_px: float
    score: float
    least_iou: float
    median_iou: float
    unpaired_scores: tuple[float, ...] = ()

    def within(self, tolerance: Tolerance) -> bool:
        """One instance may lack a partner where its score is at the threshold."""
        edge = self.threshold + tolerance.score
        return (
            len(self.unpaired_scores) <= 1
            and all(score <= edge for score in self.unpaired_scores)
            and self.box_px <= tolerance.box_px
            and self.score <= tolerance.score
            and self.least_iou >= tolerance.least_iou
            and self.median_iou >= tolerance.median_iou
        )

    @property
    def contradictory(self) -> bool:
        """Several instances were found, well above the threshold, and not one by both. A model that
        has learnt nothing can have all its scores at the threshold: that is none."""
        edge = self.threshold + TRAINED.score
        return self.pairs == 0 and sum(score > edge for score in self.unpaired_scores) > 1

    def __str__(self) -> str:
        return (
            f"above {self.threshold:g} Paddle finds {self.paddle_instances} instances, the SDK "
            f"{self.sdk_instances}, {self.pairs} the same; boxes differ by {self.box_px:.3f} px at "
            f"most, scores by {self.score:.1e}, masks have IoU {self.least_iou:.4f} at least, "
            f"{self.median_iou:.4f} in the median"
        )


def verify_folder(
    folder: Path, image: str | os.PathLike[str] | None = None, *, num_threads: int | None = None
) -> Comparison:
    """Runs both on `image` (default: a made-up picture)."""
    source = made_up_jpeg() if image is None else image
    theirs, ours = (
        instseg.Predictor(folder, engine=engine, num_threads=num_threads).predict(
            source, threshold=THRESHOLDS[-1]
        )
        for engine in ("paddle", "auto")
    )
    threshold = next(
        (t for t in THRESHOLDS if np.count_nonzero(theirs.scores > t) >= ENOUGH_INSTANCES),
        THRESHOLDS[-1],
    )
    return compare_results(theirs, ours, threshold)


def compare_results(theirs: instseg.Result, ours: instseg.Result, threshold: float) -> Comparison:
    """Compares what scores above `threshold`. Pairs instances of the same class, best first, each
    with the nearest score among those whose masks overlap most."""
    their_count, our_count = (
        int(np.count_nonzero(result.scores > threshold)) for result in (theirs, ours)
    )
    free = set(range(our_count))
    box_px, score, unpaired = 0.0, 0.0, []
    overlaps_of_pairs: list[float] = []
    for index in range(their_count):
        overlaps = {
            j: _iou(theirs.masks[index], ours.masks[j])
            for j in free
            if ours.class_ids[j] == theirs.class_ids[index]
        }
        found = max(
            (j for j, overlap in overlaps.items() if overlap > 0.5),
            key=lambda j: (
                round(overlaps[j], 2),
                -abs(float(ours.scores[j]) - float(theirs.scores[index])),
            ),
            default=None,
        )
        if found is None:
            unpaired.append(float(theirs.scores[index]))
            continue
        free.remove(found)
        box_px = max(box_px, float(np.abs(ours.boxes[found] - theirs.boxes[index]).max()))
        score = max(score, abs(float(ours.scores[found]) - float(theirs.scores[index])))
        overlaps_of_pairs.append(overlaps[found])
    return Comparison(
        threshold=threshold,
        paddle_instances=their_count,
        sdk_instances=our_count,
        pairs=len(overlaps_of_pairs),
        box_px=box_px,
        score=score,
        least_iou=min(overlaps_of_pairs, default=1.0),
        median_iou=float(np.median(overlaps_of_pairs)) if overlaps_of_pairs else 1.0,
        unpaired_scores=(*unpaired, *(float(ours.scores[j]) for j in sorted(free))),
    )


def _iou(a: instseg.Mask, b: instseg.Mask) -> float:
    common = a.intersection_area(b)
    union = a.area() + b.area() - common
    return common / union if union else 1.0
