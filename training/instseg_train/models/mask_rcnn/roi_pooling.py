"""RoIAlign (arXiv:1703.06870, section 3) over a feature pyramid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import paddle
from paddle import Tensor
from paddle.vision.ops import distribute_fpn_proposals, roi_align

FINEST_LEVEL = 2  # stride 4
# A box of this side is pooled from this level (arXiv:1612.03144, equation 1).
USUAL_SIZE, USUAL_LEVEL = 224, 4


def box_counts(boxes: Sequence[Tensor]) -> Tensor:
    """Boxes [R_i, 4] of each image -> R_i, int32 [N]."""
    return paddle.concat([paddle.shape(image)[0:1] for image in boxes]).cast("int32")


@dataclass(frozen=True)
class RoIPooling:
    """Boxes to features of one size, side x side.

    strides has the strides of the maps that are pooled from, finest first. The box's corners are
    not moved by half a pixel (`aligned=False`), as in official models; samples per cell are as many
    as it has pixels.
    """

    side: int
    strides: tuple[int, ...]

    def __call__(self, maps: Sequence[Tensor], boxes: Sequence[Tensor], counts: Tensor) -> Tensor:
        """Maps float32 [N, C, H, W] of each level (others are ignored), boxes float32 [R_i, 4] of
        each image in pixels of the network's input, R_i int32 [N] -> float32 [R, C, side, side].

        R_i is at least 1: for an image without boxes Paddle's operator takes those of another."""
        rois = paddle.concat(boxes) if len(boxes) > 1 else boxes[0]
        if len(self.strides) == 1:
            scale = 1.0 / self.strides[0]
            return roi_align(maps[0], rois, counts, self.side, scale, aligned=False)
        levels, original, level_counts = distribute_fpn_proposals(
            rois,
            FINEST_LEVEL,
            FINEST_LEVEL + len(self.strides) - 1,
            USUAL_LEVEL,
            USUAL_SIZE,
            rois_num=counts,
        )
        pooled = [
            roi_align(
                maps[i],
                levels[i],
                level_counts[i],
                self.side,
                1.0 / self.strides[i],
                sampling_ratio=0,
                aligned=False,
            )
            for i in range(len(self.strides))
        ]
        return paddle.concat(pooled).gather(original)
