"""Runs an exported folder in Paddle and in the SDK, and compares what they find."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import instseg
from instseg.errors import EngineError
from instseg.made_up_picture import made_up_jpeg

# Of scores; the first at which enough instances are left is compared.
THRESHOLDS = (0.5, 0.3, 0.1, 0.05, 0.02, 0.01)
ENOUGH_INSTANCES = 5
# Of trained weights; weights at random can be far off without a fault.
BOX_TOLERANCE_PX, SCORE_TOLERANCE, LEAST_IOU = 0.5, 2e-3, 0.99


@dataclass(frozen=True)
class Comparison:
    """The SDK's instances beside Paddle's on one image, above `threshold`.

    box_px, score  largest differences of pairs (boxes in pixels); 0 without pairs
    mask_iou       least IoU of a pair; 1 without pairs
    """

    threshold: float
    paddle_instances: int
    sdk_instances: int
    pairs: int
    box_px: float
    score: float
    mask_iou: float

    @property
    def equal(self) -> bool:
        """Within the tolerance for trained weights; one instance may be on the threshold."""
        unpaired = max(self.paddle_instances, self.sdk_instances) - self.pairs
        return (
            unpaired <= 1
            and self.box_px <= BOX_TOLERANCE_PX
            and self.score <= SCORE_TOLERANCE
            and self.mask_iou >= LEAST_IOU
        )

    def __str__(self) -> str:
        return (
            f"above {self.threshold:g} Paddle finds {self.paddle_instances} instances, the SDK "
            f"{self.sdk_instances}, {self.pairs} the same; boxes differ by {self.box_px:.3f} px at "
            f"most, scores by {self.score:.1e}, masks have IoU {self.mask_iou:.4f} at least"
        )


def verify_folder(
    folder: Path, image: str | os.PathLike[str] | None = None, *, num_threads: int | None = None
) -> Comparison:
    """Runs both on `image` (default: a made-up picture). Raises EngineError where the SDK finds
    something and Paddle nothing, or the other way round; differences are reported, not judged."""
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
    comparison = compare_results(theirs, ours, threshold)
    found = max(comparison.paddle_instances, comparison.sdk_instances)
    if found > 1 and comparison.pairs == 0:
        raise EngineError(f"{folder.name}: the SDK and Paddle disagree: {comparison}.")
    return comparison


def compare_results(theirs: instseg.Result, ours: instseg.Result, threshold: float) -> Comparison:
    """Compares what scores above `threshold`. Pairs instances of the same class, best first, each
    with the nearest score among those whose masks overlap most."""
    their_count, our_count = (
        int(np.count_nonzero(result.scores > threshold)) for result in (theirs, ours)
    )
    free = set(range(our_count))
    box_px, score, least = 0.0, 0.0, 1.0
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
            continue
        free.remove(found)
        box_px = max(box_px, float(np.abs(ours.boxes[found] - theirs.boxes[index]).max()))
        score = max(score, abs(float(ours.scores[found]) - float(theirs.scores[index])))
        least = min(least, overlaps[found])
    pairs = our_count - len(free)
    return Comparison(threshold, their_count, our_count, pairs, box_px, score, least)


def _iou(a: instseg.Mask, b: instseg.Mask) -> float:
    common = a.intersection_area(b)
    union = a.area() + b.area() - common
    return common / union if union else 1.0
