"""Variants of the whole model: class counts, sizes, images without objects."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from few_steps import losses_of_steps
from models.solov2.small_model import SMALL, small_model
from random_batches import random_batch

from instseg_train.models.table import build_model


def trained_gradients_are_finite(model: paddle.nn.Layer) -> bool:
    trained = [p for p in model.parameters() if not p.stop_gradient]
    return all(p.grad is not None and np.isfinite(p.grad.numpy()).all() for p in trained)


@pytest.mark.parametrize("classes", [1, 2, 365])
def test_other_class_counts_learn_and_detect(classes: int) -> None:
    model = small_model(classes)
    inputs = random_batch([2, 3], classes)
    losses = model(inputs)
    losses["loss"].backward()
    assert all(np.isfinite(float(value)) for value in losses.values())
    assert trained_gradients_are_finite(model)
    model.eval()
    one = {"image": inputs["image"][:1], **{k: inputs[k][:1] for k in ("im_shape", "scale_factor")}}
    with paddle.no_grad():
        found = model(one)
    count = found["bbox_num"].item()
    assert found["segm"].shape == [count, 64, 96]
    assert found["cate_label"].shape == found["cate_score"].shape == [count]


def test_a_batch_without_objects_has_finite_losses_and_gradients() -> None:
    model = small_model()
    losses = model(random_batch([0, 0], 3))
    losses["loss"].backward()
    assert float(losses["loss_ins"]) == 0
    assert 0 < float(losses["loss_cate"]) == float(losses["loss"])
    assert trained_gradients_are_finite(model)


def test_losses_fall_in_a_few_steps() -> None:
    model = small_model()
    inputs = random_batch([2, 1], 3)
    values = losses_of_steps(model, inputs, 8, learning_rate=0.003)
    assert values[-1] < 0.9 * values[0]


def test_width_scales_groups_and_kernels_together() -> None:
    model = build_model("SOLOv2", 2, **SMALL)
    assert model.solov2_head.solo_kernel.weight.shape[:2] == [32, 64]
    assert model.mask_head.conv_pred.conv.weight.shape[0] == 32
