"""PP-YOLOE_seg: PP-YOLOE (arXiv:2203.16250) with YOLACT's masks (arXiv:1904.02689)."""

from instseg_train.models.ppyoloe_seg.build import SIZES, build
from instseg_train.models.ppyoloe_seg.model import PPYoloeSeg

__all__ = ["SIZES", "PPYoloeSeg", "build"]
