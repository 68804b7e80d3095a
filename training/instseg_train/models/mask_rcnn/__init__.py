"""Mask R-CNN with ResNet backbones, with a feature pyramid or on one map (C4)."""

from instseg_train.models.mask_rcnn.build import SIZES, build

__all__ = ["SIZES", "build"]
