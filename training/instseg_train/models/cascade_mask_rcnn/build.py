"""The two Cascade Mask R-CNN models."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from instseg_train.backbones.resnet import ResNet
from instseg_train.layers.scaling import scaled_channels
from instseg_train.models.cascade_mask_rcnn.cascade_head import (
    STAGE_FACTORS,
    CascadeHead,
    StageHeads,
)
from instseg_train.models.mask_rcnn.box_head import TwoLayerHead
from instseg_train.models.mask_rcnn.build import POOLED_STRIDES, pyramid_mask_head, pyramid_rpn
from instseg_train.models.mask_rcnn.mask_rcnn import MaskRCNN
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling
from instseg_train.necks.fpn import FPN

SIZES: dict[str, dict[str, Any]] = {
    "Cascade-MaskRCNN-ResNet50-FPN": {},
    # SSLDv2's weights are distilled: they are changed slowly.
    "Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN": {
        "variant": "d",
        "learning_rates": (0.05, 0.05, 0.1, 0.15),
    },
}


def build(
    num_classes: int,
    *,
    layers: int = 50,
    variant: str = "b",
    learning_rates: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
    width: float = 1.0,
    depth: float = 1.0,
    from_scratch: bool = False,
) -> MaskRCNN:
    """Sizes as in `SIZES`; learning_rates are multipliers of the backbone's stages. from_scratch as
    in mask_rcnn/build.py; it sets the multipliers to 1."""
    backbone = ResNet(
        layers,
        variant=variant,
        learning_rates=(1.0,) * 4 if from_scratch else learning_rates,
        frozen_stages=0 if from_scratch else 1,
        freeze_norm=not from_scratch,
        width=width,
        depth=depth,
    )
    neck = FPN(backbone.out_channels, scaled_channels(256, width))
    channels = neck.out_channels
    heads = [TwoLayerHead(channels, 7, scaled_channels(1024, width)) for _ in STAGE_FACTORS]
    return MaskRCNN(
        backbone,
        neck,
        pyramid_rpn(channels, proposals_in_training=2000),
        CascadeHead(StageHeads(heads), RoIPooling(7, POOLED_STRIDES), num_classes),
        pyramid_mask_head(channels, num_classes, width),
    )
