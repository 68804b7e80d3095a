"""Whether two contenders did the same work, and how much faster one was."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import Any, TypedDict

Json = dict[str, Any]

# With generated weights these two decoders amplify rounding from layer to layer, so that single
# instances differ between any two engines; the others may differ by one row at the threshold.
ILL_CONDITIONED = {"Mask-RT-DETR-X", "Mask-RT-DETR-H"}
SAME_BOX_IOU = 0.9


class Ratio(TypedDict):
    """time of `against` / time of `of`; None with the reason in `refused`."""

    of: str
    against: str
    ratio: float | None
    round_min: float | None
    round_max: float | None
    refused: str | None


def counts_agree(model: str, ours: int, reference: int) -> bool:
    """At most 1 apart; for the ill-conditioned models at most 30 % of the reference apart."""
    allowed = max(1.0, 0.3 * reference) if model in ILL_CONDITIONED else 1.0
    return abs(ours - reference) <= allowed


def ratio_of_rounds(
    of: str, ours: Sequence[Sequence[float]], against: str, theirs: Sequence[Sequence[float]]
) -> Ratio:
    """Ratio of the medians over all samples, and the extremes of the rounds' own ratios.

    Both arguments hold one list of timings for each round.
    """
    rounds = [median(b) / median(a) for a, b in zip(ours, theirs, strict=True)]
    all_ours = [value for values in ours for value in values]
    all_theirs = [value for values in theirs for value in values]
    return {
        "of": of,
        "against": against,
        "ratio": median(all_theirs) / median(all_ours),
        "round_min": min(rounds),
        "round_max": max(rounds),
        "refused": None,
    }


def refused(of: str, against: str, why: str) -> Ratio:
    return {
        "of": of,
        "against": against,
        "ratio": None,
        "round_min": None,
        "round_max": None,
        "refused": why,
    }


def box_iou(a: Sequence[float], b: Sequence[float]) -> float:
    """Intersection over union of two boxes x1, y1, x2, y2."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    shared = width * height
    area = (a[2] - a[0]) * (a[3] - a[1]) + (b[2] - b[0]) * (b[3] - b[1])
    return shared / (area - shared)


def matched(ours: Sequence[Json], theirs: Sequence[Json]) -> int | None:
    """How many of our detections have a partner of the same class at box IoU >= 0.9.

    Each partner is used once, best score first. None where the other side gives no boxes.
    """
    if any(row["box"] is None for row in theirs):
        return None
    free = list(theirs)
    pairs = 0
    for row in ours:
        partners = [other for other in free if other["class_id"] == row["class_id"]]
        best = max(partners, key=lambda other: box_iou(row["box"], other["box"]), default=None)
        if best is not None and box_iou(row["box"], best["box"]) >= SAME_BOX_IOU:
            free.remove(best)
            pairs += 1
    return pairs
