"""Two results of one image, instance by instance."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from statistics import median
from typing import Any

import numpy as np

from harness.comparison import box_iou
from harness.gpu.held import DetectionTolerance


@dataclass(frozen=True)
class Agreement:
    """reference, actual: instances; score, box_px: largest differences of pairs; IoU of masks."""

    reference: int
    actual: int
    unpaired: int
    score: float
    box_px: float
    iou_min: float
    iou_median: float
    faults: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        return {**asdict(self), "faults": list(self.faults)}


def compare(reference: Any, actual: Any, threshold: float, held: DetectionTolerance) -> Agreement:
    """Both are instseg.Results of one image at `threshold`.

    A row within the score tolerance of the threshold may be missing on one side, one in all.
    """
    pairs = paired(reference, actual)
    scores, boxes, ious, faults = [], [], [], []
    for i, j in pairs:
        what = f"{reference.labels[i]}, score {reference.scores[i]:.4f}"
        scores.append(abs(float(reference.scores[i]) - float(actual.scores[j])))
        boxes.append(float(np.abs(reference.boxes[i] - actual.boxes[j]).max()))
        ious.append(mask_iou(reference.masks[i], actual.masks[j]))
        if scores[-1] > held.score:
            faults.append(f"{what}: score off by {scores[-1]:.1e}")
        if held.box_px is not None and boxes[-1] > held.box_px:
            faults.append(f"{what}: box off by {boxes[-1]:.3f} px")
        if ious[-1] < held.iou_min:
            faults.append(f"{what}: mask IoU {ious[-1]:.4f}")
    middle = median(ious) if ious else 1.0
    if middle < held.iou_median:
        faults.append(f"median mask IoU {middle:.4f}")
    alone = [(reference, i) for i in range(len(reference)) if i not in {i for i, _ in pairs}]
    alone += [(actual, j) for j in range(len(actual)) if j not in {j for _, j in pairs}]
    for side, place in alone:
        if float(side.scores[place]) - threshold > held.score:
            name = "CPU's" if side is reference else "GPU's"
            faults.append(
                f"{side.labels[place]}, score {side.scores[place]:.4f}: only in the {name} result"
            )
    if len(alone) > 1:
        faults.append(f"{len(alone)} instances without a counterpart; 1 near the threshold may be")
    return Agreement(
        reference=len(reference),
        actual=len(actual),
        unpaired=len(alone),
        score=max(scores, default=0.0),
        box_px=max(boxes, default=0.0),
        iou_min=min(ious, default=1.0),
        iou_median=middle,
        faults=tuple(faults),
    )


def paired(reference: Any, actual: Any) -> list[tuple[int, int]]:
    """Pairs of the same class, each instance once: by falling overlap, then nearness of scores."""
    candidates = []
    for i in range(len(reference)):
        for j in range(len(actual)):
            if reference.class_ids[i] != actual.class_ids[j]:
                continue
            iou = box_iou(reference.boxes[i].tolist(), actual.boxes[j].tolist())
            apart = abs(float(reference.scores[i]) - float(actual.scores[j]))
            if iou > 0.3:
                candidates.append((-round(iou, 3), apart, i, j))
    pairs: list[tuple[int, int]] = []
    taken: tuple[set[int], set[int]] = (set(), set())
    for _, _, i, j in sorted(candidates):
        if i not in taken[0] and j not in taken[1]:
            taken[0].add(i)
            taken[1].add(j)
            pairs.append((i, j))
    return sorted(pairs)


def mask_iou(a: Any, b: Any) -> float:
    """Of two instseg.Masks; 1 where both are empty."""
    shared = a.intersection_area(b)
    union = a.area() + b.area() - shared
    return shared / union if union else 1.0


def same(a: Any, b: Any) -> bool:
    """Whether two results of one engine are equal, bit by bit."""
    return bool(
        np.array_equal(a.boxes, b.boxes)
        and np.array_equal(a.scores, b.scores)
        and np.array_equal(a.class_ids, b.class_ids)
        and a.masks.rle() == b.masks.rle()
    )
