"""A PP-YOLOE_seg small enough for tests, for images of 64 x 96."""

from __future__ import annotations

import paddle

from instseg_train.models.ppyoloe_seg import SIZES, PPYoloeSeg, build

SMALL = {"width": 0.25, "depth": 0.5}


def small_model(classes: int = 3, seed: int = 0) -> PPYoloeSeg:
    paddle.seed(seed)
    return build(classes, **SIZES["PP-YOLOE_seg-S"], **SMALL)
