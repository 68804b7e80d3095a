"""Rows of Mask-RT-DETR whose first box is decided by rounding.

A query's first box is the extent of `mask logit > 0` on a grid of 160 x 160: where the logit that
reaches furthest is zero but for rounding, two correct float32 programs start the decoder from
boxes that are cells apart, and end in other boxes. Which rows these are is not guessed from the
result: the tensors of both sides are compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from parity.instances import Instances
from parity.stage import Stage, openvino_runner

if TYPE_CHECKING:
    from parity.reference import Reference

# Of a cell, whose side is 1 / 160 of the image's.
HALF_A_CELL = 0.5 / 160


def rows_decided_by_rounding(
    paddle: Reference, photo: str, expected: Instances, tolerance: float
) -> list[int]:
    """Places in `expected` whose query has another first box in our network than in Paddle's.

    Only where the query's content and its mask logits are the same on both sides, within
    `tolerance` of their largest magnitude.
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
    ours = openvino_runner(paddle.program, front)(seen.inputs)
    target, mask_logits, boxes = ((seen.outputs[name][0], ours[name][0]) for name in names.values())
    found = []
    for place, query in enumerate(_queries(paddle, photo, expected)):
        # Queries are sorted by their scores, which rounding can swap: the nearest is the same one.
        distances = np.abs(target[1] - target[0][query]).max(1)
        same = int(distances.argmin())
        logits_differ = np.abs(mask_logits[1][same] - mask_logits[0][query]).max()
        box_differs = np.abs(boxes[1][same] - boxes[0][query]).max()
        same_until_here = (
            distances[same] <= tolerance * np.abs(target[0]).max()
            and logits_differ <= tolerance * np.abs(mask_logits[0]).max()
        )
        if same_until_here and box_differs > HALF_A_CELL:
            found.append(place)
    return found


def _queries(paddle: Reference, photo: str, expected: Instances) -> list[int]:
    """The query of each instance: row r of the outputs is the r-th best of [Q queries, K]."""
    _, logits, _, _ = (paddle.photos[photo].outputs[name][0] for name in paddle.dense.values)
    best = np.argsort(-logits.ravel(), kind="stable")
    assert expected.rows is not None
    flat = best[expected.rows]
    assert np.array_equal(flat % logits.shape[1], expected.class_ids)
    return (flat // logits.shape[1]).tolist()
