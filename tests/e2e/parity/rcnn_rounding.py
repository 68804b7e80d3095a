"""Instances of Mask R-CNN that float32 rounding decides.

With generated weights rounding can be amplified a hundredfold between the image and one box's
score, and one pixel of a small mask can lie on the threshold. Which instances these are is not
guessed from the result: a third engine runs the network several times, its weights moved by about
their own rounding, and shows how far each instance moves. Ours plays no part in that, and neither
does Paddle: where either is wrong, the distance between the two is larger than what is found so.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from parity.instances import Instances
from parity.pairing import DetectionTolerance, Row, pair, paired_row
from parity.rcnn_witness import RcnnWitness

from instseg.importer import import_model

if TYPE_CHECKING:
    from parity.reference import Reference

DRAWS = 8
"""Runs with moved weights."""


def rows_decided_by_rounding(
    paddle: Reference,
    photo: str,
    expected: Instances,
    actual: Instances,
    *,
    tolerance: DetectionTolerance,
    witness_factor: float,
) -> list[int]:
    """Places in `expected`; see `rows_within_rounding`."""
    seen = paddle.photos[photo]
    # Instances that rounding moves below the threshold are to be seen too.
    threshold = 0.9 * float(expected.scores.min(initial=1.0))
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch) / "network"
        import_model(paddle.folder.path, folder)
        runs = [
            RcnnWitness(folder, noise).instances(seen.inputs, seen.size, threshold)
            for noise in (None, *range(DRAWS))
        ]
    return rows_within_rounding(expected, actual, runs, tolerance, witness_factor)


def rows_within_rounding(
    expected: Instances,
    actual: Instances,
    runs: Sequence[Instances],
    tolerance: DetectionTolerance,
    witness_factor: float,
) -> list[int]:
    """Places in `expected` whose counterpart in `actual` is outside the tolerance, but, in every
    figure that is, no further away than `witness_factor` times the most that any of the further
    `runs` moves the instance from where the first has it."""
    unmoved, *moved = runs
    in_unmoved = dict(pair(expected, unmoved, tolerance))
    partners = [dict(pair(unmoved, run, tolerance)) for run in moved]
    found = []
    for i, j in pair(expected, actual, tolerance):
        row = paired_row(expected, actual, i, j, tolerance)
        here = in_unmoved.get(i)
        if not row.faults(tolerance) or here is None:
            continue
        rows = [
            paired_row(unmoved, run, here, there[here], tolerance)
            for run, there in zip(moved, partners, strict=True)
            if here in there
        ]
        if _within(row, rows, tolerance, witness_factor):
            found.append(i)
    return found


def _within(
    row: Row, moved: Sequence[Row], tolerance: DetectionTolerance, witness_factor: float
) -> bool:
    score = witness_factor * max((other.score for other in moved), default=0.0)
    box_px = witness_factor * max((other.box_px for other in moved), default=0.0)
    apart = witness_factor * max((1 - other.iou for other in moved), default=0.0)
    return (
        row.score <= max(tolerance.score, score)
        and row.box_px <= max(tolerance.box_px, box_px)
        and 1 - row.iou <= max(1 - tolerance.iou_min, apart)
    )
