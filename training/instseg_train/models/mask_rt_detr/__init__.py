"""Mask-RT-DETR."""

from instseg_train.models.mask_rt_detr.build import build
from instseg_train.models.mask_rt_detr.model import MaskRTDETR
from instseg_train.models.mask_rt_detr.sizes import SIZES

__all__ = ["SIZES", "MaskRTDETR", "build"]
