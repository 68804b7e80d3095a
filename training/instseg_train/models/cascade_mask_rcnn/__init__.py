"""Mask R-CNN whose boxes are refined in three stages."""

from instseg_train.models.cascade_mask_rcnn.build import SIZES, build

__all__ = ["SIZES", "build"]
