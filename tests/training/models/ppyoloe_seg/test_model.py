"""Variants of the whole model: class counts, sizes, images without objects."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from few_steps import losses_of_steps
from models.ppyoloe_seg.small_model import SMALL, small_model
from random_batches import random_batch

from instseg_train.models.ppyoloe_seg import SIZES, build
from instseg_train.models.table import build_model


@pytest.mark.parametrize("classes", [1, 2, 365])
def test_other_class_counts_learn_and_detect(classes: int) -> None:
    model = small_model(classes)
    inputs = random_batch([2, 3], classes)
    losses = model(inputs)
    losses["loss"].backward()
    assert all(np.isfinite(float(value)) for value in losses.values())
    trained = [p for p in model.parameters() if not p.stop_gradient]
    assert all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in trained)
    model.eval()
    one = {"image": inputs["image"][:1], **{k: inputs[k][:1] for k in ("im_shape", "scale_factor")}}
    with paddle.no_grad():
        found = model(one)
    assert found["bbox"].shape[1] == 6
    assert found["mask"].shape == [found["bbox"].shape[0], 64, 96]


def test_a_batch_without_objects_has_finite_losses_and_gradients() -> None:
    model = small_model()
    losses = model(random_batch([0, 0], 3))
    losses["loss"].backward()
    assert {name: float(v) for name, v in losses.items() if v == 0} == {
        "loss_iou": 0,
        "loss_dfl": 0,
        "loss_mask": 0,
        "loss_l1": 0,
    }
    assert float(losses["loss"]) == float(losses["loss_cls"]) > 0
    trained = [p for p in model.parameters() if not p.stop_gradient]
    assert all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in trained)


def test_losses_fall_in_a_few_steps() -> None:
    model = small_model()
    inputs = random_batch([2, 1], 3)
    values = losses_of_steps(model, inputs, 8, learning_rate=0.002)
    assert values[-1] < 0.9 * values[0]


def test_images_of_other_sizes_than_the_programs() -> None:
    model = small_model()
    assert np.isfinite(float(model(random_batch([1, 2], 3, size=(96, 64)))["loss"]))
    model.eval()
    inputs = random_batch([1], 3, size=(96, 64))
    with paddle.no_grad():
        found = model(inputs)
    assert found["mask"].shape[1:] == [96, 64]


def test_width_and_depth_scale_channels_and_blocks() -> None:
    model = build(2, **SIZES["PP-YOLOE_seg-S"], width=0.5, depth=2.0)
    assert model.backbone.stages[3].conv3.conv.weight.shape[0] == 256
    assert [len(stage.blocks) for stage in model.backbone.stages] == [2, 4, 4, 2]
    assert model.yolo_head.pred_ins[0].weight.shape[:2] == [32, 192]
    assert build_model("PP-YOLOE_seg-S", 2, **SMALL).training


def test_fusing_for_the_export_keeps_the_detections() -> None:
    model = small_model()
    inputs = random_batch([1], 3)
    model(random_batch([2, 2], 3))  # norms get statistics
    model.eval()
    with paddle.no_grad():
        before = model(inputs)
        model.prepare_export((64, 96))
        after = model(inputs)
    assert not any(".alpha" in name for name in model.state_dict())
    assert before["bbox"].shape == after["bbox"].shape
    np.testing.assert_allclose(after["bbox"].numpy(), before["bbox"].numpy(), rtol=1e-3, atol=1e-3)
