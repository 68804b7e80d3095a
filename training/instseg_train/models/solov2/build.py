"""Builds SOLOv2 from the sizes of a row of the table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from instseg_train.backbones.resnet import ResNet
from instseg_train.layers.scaling import scaled_channels
from instseg_train.models.solov2.head import SOLOv2Head
from instseg_train.models.solov2.mask_branch import MaskBranch
from instseg_train.models.solov2.model import SOLOv2
from instseg_train.necks.fpn import FPN

SIZES: dict[str, dict[str, Any]] = {
    "SOLOv2": {
        "layers": 50,
        "pyramid_channels": 256,
        "head_width": 512,
        "kernel_channels": 256,
        "mask_width": 128,
        "grids": (40, 36, 24, 16, 12),
    },
}


def build(
    num_classes: int,
    *,
    layers: int,
    pyramid_channels: int,
    head_width: int,
    kernel_channels: int,
    mask_width: int,
    grids: Sequence[int],
    width: float = 1.0,
    depth: float = 1.0,
    from_scratch: bool = False,
) -> SOLOv2:
    """layers: of the ResNet; kernel_channels: also of the mask features; grids: fine to coarse.

    width scales all channels, to multiples of 8, depth the backbone's blocks. from_scratch: the
    whole backbone learns, its norms too, instead of its upper stages alone, which need pretrained
    weights below them.
    """

    def wide(value: int) -> int:
        return scaled_channels(value, width)

    backbone = ResNet(
        layers,
        frozen_stages=0 if from_scratch else 1,
        freeze_norm=not from_scratch,
        width=width,
        depth=depth,
    )
    pyramid = wide(pyramid_channels)
    return SOLOv2(
        backbone,
        FPN(backbone.out_channels, pyramid),
        SOLOv2Head(num_classes, pyramid, wide(head_width), wide(kernel_channels), grids),
        MaskBranch(pyramid, wide(mask_width), wide(kernel_channels)),
    )
