"""A Mask-RT-DETR small enough for tests, for images of 64 x 96 (126 places on three levels)."""

from __future__ import annotations

from typing import Any

import paddle

from instseg_train.models.mask_rtdetr import SIZES, MaskRTDETR, build

SMALL: dict[str, Any] = {"width": 0.25, "depth": 0.34, "queries": 20, "from_scratch": True}


def small_model(classes: int = 3, seed: int = 0, points: int = 300, **scale: Any) -> MaskRTDETR:
    """points: of each mask, at which masks are compared; scale: instead of SMALL's."""
    paddle.seed(seed)
    model = build(classes, **SIZES["Mask-RT-DETR-S"], **{**SMALL, **scale})
    model.criterion.points = model.criterion.matcher.points = points
    return model
