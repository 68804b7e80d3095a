"""The six Mask R-CNN models."""

from __future__ import annotations

from typing import Any

from instseg_train.backbones.resnet import (
    BLOCKS,
    STAGE_CHANNELS,
    ResNet,
    Stage,
)
from instseg_train.layers.scaling import scaled_blocks, scaled_channels
from instseg_train.models.mask_rcnn.anchors import AnchorGrid
from instseg_train.models.mask_rcnn.box_head import BoxHead, Res5Head, TwoLayerHead
from instseg_train.models.mask_rcnn.mask_head import MaskFeatures, MaskHead
from instseg_train.models.mask_rcnn.mask_rcnn import MaskRCNN
from instseg_train.models.mask_rcnn.proposals import ProposalLimits
from instseg_train.models.mask_rcnn.roi_pooling import RoIPooling
from instseg_train.models.mask_rcnn.rpn_head import RPNHead
from instseg_train.necks.fpn import FPN

SIZES: dict[str, dict[str, Any]] = {
    "MaskRCNN-ResNet50": {"layers": 50, "pyramid": False},
    "MaskRCNN-ResNet50-FPN": {"layers": 50},
    "MaskRCNN-ResNet50-vd-FPN": {"layers": 50, "variant": "d"},
    "MaskRCNN-ResNet101-FPN": {"layers": 101},
    "MaskRCNN-ResNet101-vd-FPN": {"layers": 101, "variant": "d"},
    "MaskRCNN-ResNeXt101-vd-FPN": {
        "layers": 101,
        "variant": "d",
        "groups": 64,
        "group_width": 4,
    },
}

ANCHOR_SIZES = (32.0, 64.0, 128.0, 256.0, 512.0)
PYRAMID_STRIDES = (4, 8, 16, 32, 64)
POOLED_STRIDES = (4, 8, 16, 32)
C4_STRIDE = 16


def build(
    num_classes: int,
    *,
    layers: int,
    variant: str = "b",
    groups: int = 1,
    group_width: int = 64,
    pyramid: bool = True,
    width: float = 1.0,
    depth: float = 1.0,
    from_scratch: bool = False,
) -> MaskRCNN:
    """Sizes as in `SIZES`. from_scratch: the whole backbone learns, its norms too, instead of its
    upper stages alone, which need pretrained weights below them."""
    backbone: dict[str, Any] = {
        "variant": variant,
        "groups": groups,
        "group_width": group_width,
        "width": width,
        "depth": depth,
        "frozen_stages": 0 if from_scratch else 1,
        "freeze_norm": not from_scratch,
    }
    if pyramid:
        return pyramid_model(num_classes, ResNet(layers, **backbone), width)
    return c4_model(num_classes, layers, backbone)


def pyramid_model(num_classes: int, backbone: ResNet, width: float) -> MaskRCNN:
    neck = FPN(backbone.out_channels, scaled_channels(256, width))
    channels = neck.out_channels
    head = TwoLayerHead(channels, 7, scaled_channels(1024, width))
    return MaskRCNN(
        backbone,
        neck,
        pyramid_rpn(channels, proposals_in_training=1000),
        BoxHead(head, RoIPooling(7, POOLED_STRIDES), num_classes),
        pyramid_mask_head(channels, num_classes, width),
    )


def pyramid_rpn(channels: int, proposals_in_training: int) -> RPNHead:
    return RPNHead(
        channels,
        AnchorGrid([[size] for size in ANCHOR_SIZES], PYRAMID_STRIDES),
        ProposalLimits(before_nms=2000, after_nms=2000, per_image=proposals_in_training),
        ProposalLimits(before_nms=1000, after_nms=1000, per_image=1000),
    )


def pyramid_mask_head(channels: int, num_classes: int, width: float) -> MaskHead:
    features = MaskFeatures(channels, scaled_channels(256, width), num_convs=4)
    return MaskHead(features, RoIPooling(14, POOLED_STRIDES), num_classes)


def c4_model(num_classes: int, layers: int, backbone_sizes: dict[str, Any]) -> MaskRCNN:
    """Everything on the map of stride 16; the last stage of the backbone runs on each box."""
    backbone = ResNet(layers, num_stages=3, returned=(2,), **backbone_sizes)
    [channels] = backbone.out_channels
    width, depth = backbone_sizes["width"], backbone_sizes["depth"]
    stage = Stage(
        5,
        channels,
        scaled_channels(STAGE_CHANNELS[3], width),
        scaled_blocks(BLOCKS[layers][3], depth),
        freeze_norm=backbone_sizes["freeze_norm"],
    )
    head = Res5Head(stage)
    pooling = RoIPooling(14, (C4_STRIDE,))
    features = MaskFeatures(head.out_channels, scaled_channels(256, width), num_convs=0)
    return MaskRCNN(
        backbone,
        None,
        RPNHead(
            channels,
            AnchorGrid([ANCHOR_SIZES], (C4_STRIDE,)),
            ProposalLimits(before_nms=12000, after_nms=2000, per_image=2000),
            ProposalLimits(before_nms=6000, after_nms=1000, per_image=1000),
        ),
        BoxHead(head, pooling, num_classes),
        MaskHead(features, pooling, num_classes, shares_box_features=True),
    )
