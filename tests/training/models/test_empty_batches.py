"""Batches in which no image has an object, as augmentation can leave them."""

import math

import paddle
import pytest

from instseg_train import build_model

SIDE = 160
SMALL = {
    "PP-YOLOE_seg-S": {"width": 0.09, "depth": 0.34},
    "SOLOv2": {"width": 0.0625, "depth": 0.2},
    "Mask-RT-DETR-S": {"width": 0.1, "depth": 0.34},
    "MaskRCNN-ResNet50": {"width": 0.0625, "depth": 0.2},
    "MaskRCNN-ResNet50-FPN": {"width": 0.0625, "depth": 0.2},
    "Cascade-MaskRCNN-ResNet50-FPN": {"width": 0.045, "depth": 0.2},
}


@pytest.mark.parametrize("name", SMALL)
def test_everything_is_background_and_can_be_learnt(name):
    paddle.seed(0)
    model = build_model(name, 2, from_scratch=True, **SMALL[name])
    losses = model(
        {
            "image": paddle.rand([2, 3, SIDE, SIDE]),
            "im_shape": paddle.full([2, 2], float(SIDE)),
            "scale_factor": paddle.ones([2, 2]),
            "gt_bbox": [paddle.zeros([0, 4])] * 2,
            "gt_class": [paddle.zeros([0], "int64")] * 2,
            "gt_segm": [paddle.zeros([0, SIDE, SIDE], "uint8")] * 2,
            "is_crowd": [paddle.zeros([0], "int32")] * 2,
        }
    )
    assert math.isfinite(float(losses["loss"]))
    assert float(losses["loss"]) > 0
    losses["loss"].backward()
    learning = [p for p in model.parameters() if not p.stop_gradient and p.grad is not None]
    assert any(float(p.grad.abs().sum()) > 0 for p in learning)
    assert all(bool(paddle.isfinite(p.grad).all()) for p in learning)
