"""Variants of the whole model: class counts, sizes, images without objects, the exported form."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import pytest
from few_steps import losses_of_steps
from models.mask_rtdetr.small_model import small_model
from random_batches import random_batch

from instseg_train.models.mask_rtdetr import MaskRTDETR
from instseg_train.models.table import build_model


def assert_all_is_trained(model: MaskRTDETR, but: tuple[str, ...] = ()) -> None:
    for name, parameter in model.named_parameters():
        if parameter.stop_gradient or name.startswith(but):
            continue
        assert parameter.grad is not None, name
        assert np.isfinite(parameter.grad.numpy()).all(), name


def detected(model: MaskRTDETR, inputs: dict[str, Any]) -> dict[str, np.ndarray]:
    model.eval()
    one = {name: inputs[name][:1] for name in ("image", "im_shape", "scale_factor")}
    with paddle.no_grad():
        return {name: tensor.numpy() for name, tensor in model(one).items()}


@pytest.mark.parametrize("classes", [1, 2, 365])
def test_other_class_counts_learn_and_detect(classes: int) -> None:
    model = small_model(classes)
    inputs = random_batch([2, 3], classes)
    losses = model(inputs)
    losses["loss"].backward()
    assert all(np.isfinite(float(value)) for value in losses.values())
    assert all(float(value) > 0 for value in losses.values())
    assert_all_is_trained(model)
    found = detected(model, inputs)
    rows = min(100, 20 * classes)
    assert found["bbox"].shape == (rows, 6)
    assert found["bbox_num"].tolist() == [rows]
    assert found["mask"].shape == (rows, 64, 96)
    assert set(found["bbox"][:, 0]) <= set(range(classes))
    assert (np.diff(found["bbox"][:, 1]) <= 0).all()


@pytest.mark.parametrize("counts", [[0, 2], [3, 0], [0, 0]])
def test_images_without_objects_have_finite_losses_and_gradients(counts: list[int]) -> None:
    model = small_model()
    losses = model(random_batch(counts, 3))
    losses["loss"].backward()
    assert np.isfinite([float(value) for value in losses.values()]).all()
    learnt = {name for name, value in losses.items() if float(value) > 0}
    if sum(counts):
        assert learnt == set(losses)
        assert_all_is_trained(model)
    else:
        assert learnt == {"loss_class", "loss_class_aux", "loss"}
        without = ("transformer.bbox_head", "transformer.mask_query_head")
        assert_all_is_trained(model, (*without, "transformer.denoising", "neck.", "backbone."))


def test_losses_are_named_and_sum_up() -> None:
    losses = small_model()(random_batch([2, 1], 3))
    parts = ("class", "bbox", "giou", "mask", "dice")
    assert list(losses) == [
        f"loss_{part}{ending}" for ending in ("", "_aux", "_dn", "_aux_dn") for part in parts
    ] + ["loss"]
    *terms, total = (float(value) for value in losses.values())
    assert total == pytest.approx(sum(terms), rel=1e-5)


def test_losses_fall_in_a_few_steps() -> None:
    model = small_model()
    inputs = random_batch([2, 1], 3)
    values = losses_of_steps(
        model, inputs, 12, learning_rate=0.001, optimiser=paddle.optimizer.AdamW
    )
    assert np.mean(values[-3:]) < 0.8 * np.mean(values[:3])


def test_more_objects_than_queries() -> None:
    losses = small_model()(random_batch([23, 2], 3))
    assert np.isfinite([float(value) for value in losses.values()]).all()


def test_images_of_another_size() -> None:
    model = small_model()
    inputs = random_batch([1, 2], 3, size=(96, 64))
    assert np.isfinite(float(model(inputs)["loss"]))
    assert detected(model, inputs)["mask"].shape[1:] == (96, 64)


def test_official_models_leave_stem_and_norms_of_the_backbone_alone() -> None:
    model = small_model(from_scratch=False)
    norm = model.backbone.stages[1].blocks[0].layers[0].bn
    before = norm._mean.numpy().copy()
    model(random_batch([2, 1], 3))["loss"].backward()
    np.testing.assert_array_equal(norm._mean.numpy(), before)
    still = {n for n, p in model.backbone.named_parameters() if p.stop_gradient}
    assert {n for n, _ in model.backbone.named_parameters() if ".bn." in n or "stem" in n} == still
    assert model.backbone.stages[0].blocks[0].layers[0].conv.weight.optimize_attr == {
        "learning_rate": 0.1
    }


def test_width_and_depth_scale_channels_and_layers() -> None:
    model = build_model("Mask-RT-DETR-H", 2, width=0.5, depth=0.5)
    assert model.backbone.channels == [96, 256, 512, 1024]
    assert [len(stage.blocks) for stage in model.backbone.stages] == [1, 2, 3, 2]
    assert model.neck.hidden == 256
    assert len(model.neck.encoder[0].layers) == 1
    assert len(model.transformer.decoder.layers) == 3
    assert model.transformer.score_head.weight.shape == [128, 2]
    assert model.transformer.queries == 300


@pytest.mark.parametrize("width_depth", [(0.25, 0.34), (0.5, 0.67)])
def test_the_exported_form_detects_the_same(width_depth: tuple[float, float]) -> None:
    width, depth = width_depth
    model = small_model(2, width=width, depth=depth)
    model(random_batch([2, 2], 2))["loss"].backward()  # norms get statistics
    inputs = random_batch([1], 2)
    before = detected(model, inputs)
    model.prepare_export((64, 96))
    assert not any("bottlenecks.0.conv1." in name for name in model.state_dict())
    after = detected(model, inputs)
    assert before["bbox"].shape == after["bbox"].shape == (40, 6)
    # Rounding: one convolution in place of two.
    np.testing.assert_allclose(after["bbox"][:, 1], before["bbox"][:, 1], rtol=1e-3, atol=1e-4)
    assert (after["mask"] != before["mask"]).mean() < 1e-2
