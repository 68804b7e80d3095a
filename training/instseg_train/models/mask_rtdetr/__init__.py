"""Mask-RT-DETR."""

from instseg_train.models.mask_rtdetr.build import build
from instseg_train.models.mask_rtdetr.model import MaskRTDETR
from instseg_train.models.mask_rtdetr.sizes import SIZES

__all__ = ["SIZES", "MaskRTDETR", "build"]
