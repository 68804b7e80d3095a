"""From the region proposal network's maps to proposals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import paddle
from paddle import Tensor
from paddle.vision.ops import generate_proposals


@dataclass(frozen=True)
class ProposalLimits:
    """Boxes per level before and after non-maximum suppression, and per image over all levels."""

    before_nms: int
    after_nms: int
    per_image: int
    iou_threshold: float = 0.7


def propose(
    logits: Sequence[Tensor],
    deltas: Sequence[Tensor],
    anchors: Sequence[Tensor],
    im_shape: Tensor,
    limits: ProposalLimits,
) -> Tensor:
    """Proposals of one image: best logits, moved anchors, clipped, class-agnostic NMS per level.

    Per level: logits float32 [1, A, H, W], deltas [1, 4 * A, H, W], anchors [H * W * A, 4];
    im_shape float32 [1, 2]: height, width. Boxes below one pixel are dropped; where that leaves
    none on a level, an empty box stands there. Returns float32 [R, 4], R >= 1; several levels give
    at most limits.per_image, best first where some had to be left out (arXiv:1612.03144, 4.1).
    """
    found = [
        generate_proposals(
            logits[i],
            deltas[i],
            im_shape,
            anchors[i],
            paddle.ones_like(anchors[i]),
            pre_nms_top_n=limits.before_nms,
            post_nms_top_n=limits.after_nms,
            nms_thresh=limits.iou_threshold,
            min_size=0.0,
            return_rois_num=True,
        )
        for i in range(len(logits))
    ]
    if len(found) == 1:
        return found[0][0]
    boxes = paddle.concat([level[0] for level in found])
    scores = paddle.concat([level[1] for level in found]).flatten()
    if boxes.shape[0] > limits.per_image:
        boxes = boxes.gather(paddle.topk(scores, limits.per_image)[1])
    return boxes
