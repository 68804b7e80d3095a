"""Builds PP-YOLOE_seg from the sizes of a row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from instseg_train.backbones.csp_rep_resnet import CspRepResNet
from instseg_train.layers.scaling import scaled_blocks, scaled_channels
from instseg_train.models.ppyoloe_seg.criterion import Criterion
from instseg_train.models.ppyoloe_seg.head import SegmentationHead
from instseg_train.models.ppyoloe_seg.model import PPYoloeSeg
from instseg_train.models.ppyoloe_seg.task_aligned_assigner import TaskAlignedAssigner
from instseg_train.necks.csp_pan import CspPan

SIZES: dict[str, dict[str, Any]] = {
    "PP-YOLOE_seg-S": {
        "channels": (32, 64, 128, 256, 512),
        "blocks": (1, 2, 2, 1),
        "neck_channels": (384, 192, 96),
        "neck_blocks": 1,
        "prototype_width": 128,
        "prototypes": 32,
    },
}


def build(
    num_classes: int,
    *,
    channels: Sequence[int],
    blocks: Sequence[int],
    neck_channels: Sequence[int],
    neck_blocks: int,
    prototype_width: int,
    prototypes: int,
    width: float = 1.0,
    depth: float = 1.0,
    from_scratch: bool = False,
) -> PPYoloeSeg:
    """channels and blocks: of the backbone's stem and stages; neck_channels: of strides 32, 16, 8.

    width scales all channels but the number of prototypes (to multiples of 8), depth the blocks.
    from_scratch changes nothing: all of it learns anyway.
    """

    def wide(values: Sequence[int]) -> list[int]:
        return [scaled_channels(value, width) for value in values]

    def deep(count: int) -> int:
        return scaled_blocks(count, depth)

    channels, neck_channels = wide(channels), wide(neck_channels)
    return PPYoloeSeg(
        CspRepResNet(channels, [deep(count) for count in blocks]),
        CspPan(channels[2:], neck_channels, deep(neck_blocks)),
        SegmentationHead(neck_channels, num_classes, wide([prototype_width])[0], prototypes),
        Criterion(TaskAlignedAssigner()),
    )
