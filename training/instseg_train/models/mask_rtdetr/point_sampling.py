"""Masks read at points instead of everywhere (PointRend, arXiv:1912.08193 sec. 3.1 and 4.1)."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.models.mask_rtdetr.randomness import Randomness


def at_points(planes: Tensor, points: Tensor) -> Tensor:
    """Bilinear values of planes [M, C, h, w] at points [M, G, P, 2], x and y in [0, 1] from edge to
    edge; what lies beyond the outermost pixel centres fades to 0. -> [M, C, G, P]."""
    return F.grid_sample(planes, 2.0 * points - 1.0, align_corners=False)


def uncertain_points(
    masks: Tensor, randomness: Randomness, *, count: int, oversampling: float, uncertain: float
) -> Tensor:
    """Points for the loss of each mask: the fraction `uncertain` of them where its logits are
    nearest 0, among `oversampling` times `count` random ones; the others anywhere.

    float32 logits [R, h, w] -> [R, count, 2], x and y in [0, 1).
    """
    sets, candidates = masks.shape[0], int(count * oversampling)
    chosen = int(count * uncertain)
    with paddle.no_grad():
        points = randomness.points(sets, candidates)
        logits = at_points(masks.unsqueeze(1), points.unsqueeze(1)).reshape([sets, candidates])
        _, nearest = paddle.topk(-logits.abs(), chosen, axis=1, sorted=False)
        rows = paddle.arange(sets, dtype=nearest.dtype).unsqueeze(1) * candidates
        found = paddle.gather(points.reshape([-1, 2]), (nearest + rows).flatten())
        found = found.reshape([sets, chosen, 2])
        if count > chosen:
            found = paddle.concat([found, randomness.points(sets, count - chosen)], axis=1)
    return found
