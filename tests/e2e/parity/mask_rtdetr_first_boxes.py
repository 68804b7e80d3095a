"""Rows of Mask-RT-DETR whose first box is decided by rounding.

A query's first box is the extent of `mask logit > 0` on a grid of 160 x 160: where the logit that
reaches furthest is zero but for rounding, two correct float32 programs start the decoder from
boxes that are cells apart, and end in other boxes. Which rows these are is not guessed from the
result: the tensors of both sides are compared, and a third engine shows how large rounding is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from parity.instances import Instances
from parity.stage import Array, Stage, onnxruntime_runner, openvino_runner

if TYPE_CHECKING:
    from parity.reference import Reference

# Of a cell, whose side is 1 / 160 of the image's.
HALF_A_CELL = 0.5 / 160


def rows_decided_by_rounding(
    paddle: Reference,
    photo: str,
    expected: Instances,
    actual: Instances,
    *,
    tolerance: float,
    witness_factor: float,
) -> list[int]:
    """Places in `expected` whose query has another first box in our network than in Paddle's,
    whatever `actual` is.

    Only where the query's content is the same on both sides, within `tolerance` of its largest
    magnitude, and where rounding is shown to decide: a third engine runs our network on the same
    image, and every cell that is inside on one side and outside on the other has a logit no
    further from zero than `witness_factor` times what the query's logits differ between that
    engine and ours.
    """
    stages = {stage.name: stage for stage in paddle.stages}
    [whole_image] = [stage for stage in paddle.stages if "image" in stage.inputs]
    names = {
        "target": stages["query selection"].outputs["target"],
        "mask_logits": stages["query selection"].outputs["mask_logits"],
        "boxes": stages["first boxes"].outputs["boxes"],
    }
    front = Stage("image to first boxes", whole_image.inputs, names)
    seen = paddle.photos[photo]
    ours, witness = (
        _Queries.of(make(paddle.program, front)(seen.inputs), names)
        for make in (openvino_runner, onnxruntime_runner)
    )
    theirs = _Queries.of(seen.outputs, names)
    nearby = tolerance * float(np.abs(theirs.target).max())
    found = []
    for place, query in enumerate(_queries_of(paddle, photo, expected)):
        content = theirs.target[query]
        here, there = ours.nearest(content, nearby), witness.nearest(content, nearby)
        if here is None or there is None:
            continue
        if np.abs(ours.boxes[here] - theirs.boxes[query]).max() <= HALF_A_CELL:
            continue
        logits, reference = ours.mask_logits[here], theirs.mask_logits[query]
        rounding = float(np.abs(logits - witness.mask_logits[there]).max())
        deciding = (logits > 0) != (reference > 0)
        furthest = np.abs(np.stack([logits, reference]))[:, deciding]
        # Boxes that differ though no cell does are a fault, which rounding does not excuse.
        if deciding.any() and furthest.max() <= witness_factor * rounding:
            found.append(place)
    return found


@dataclass(frozen=True)
class _Queries:
    """target float32 [Q, C]; mask_logits float32 [Q, ...]; boxes float32 [Q, 4]."""

    target: Array
    mask_logits: Array
    boxes: Array

    @staticmethod
    def of(tensors: Mapping[str, Array], names: Mapping[str, str]) -> _Queries:
        return _Queries(**{meaning: tensors[name][0] for meaning, name in names.items()})

    def nearest(self, content: Array, limit: float) -> int | None:
        """Queries are sorted by scores, which rounding can swap: the nearest is the same one."""
        distances = np.abs(self.target - content).max(1)
        nearest = int(distances.argmin())
        return nearest if distances[nearest] <= limit else None


def _queries_of(paddle: Reference, photo: str, expected: Instances) -> list[int]:
    """The query of each instance: row r of the outputs is the r-th best of [Q queries, K]."""
    _, logits, _, _ = (paddle.photos[photo].outputs[name][0] for name in paddle.dense.values)
    best = np.argsort(-logits.ravel(), kind="stable")
    assert expected.rows is not None
    flat = best[expected.rows]
    assert np.array_equal(flat % logits.shape[1], expected.class_ids)
    return (flat // logits.shape[1]).tolist()
