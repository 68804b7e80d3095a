"""A SOLOv2 small enough for tests."""

from __future__ import annotations

import paddle

from instseg_train.models.solov2 import SIZES, SOLOv2, build

SMALL = {"width": 0.125, "depth": 0.25}


def small_model(classes: int = 3, seed: int = 0) -> SOLOv2:
    paddle.seed(seed)
    return build(classes, **SIZES["SOLOv2"], **SMALL)
