"""The whole model: class counts, images without objects, batches."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from few_steps import losses_of_steps
from models.mask_rcnn.small_model import (
    evaluation_part,
    losses_are_finite,
    predicted,
    small_model,
)
from random_batches import random_batch

from instseg_train.models.mask_rcnn.detections import DetectionLimits
from instseg_train.models.table import MODELS

NAME = "Cascade-MaskRCNN-ResNet50-FPN"
SSLD = "Cascade-MaskRCNN-ResNet50-vd-SSLDv2-FPN"
ANY_SCORE = DetectionLimits(score_threshold=0.0, most=20)


@pytest.mark.parametrize("classes", [1, 2, 365])
def test_other_class_counts_learn_and_detect(classes: int) -> None:
    model = small_model(NAME, classes)
    inputs = random_batch([2, 3], classes)
    values = losses_are_finite(model, inputs)
    assert sum(name.startswith("loss_bbox") for name in values) == 6
    model.limits = ANY_SCORE
    found = predicted(model, evaluation_part(inputs, slice(0, 1)))
    [count] = found["bbox_num"]
    assert count == 20
    assert found["bbox"].shape == (count, 6)
    assert found["mask"].shape == (count, 64, 96)
    assert set(found["bbox"][:, 0]) <= set(range(classes)) | {-1}


@pytest.mark.parametrize("counts", [[0, 0], [0, 2]])
def test_images_without_objects_have_finite_losses(counts: list[int]) -> None:
    values = losses_are_finite(small_model(NAME), random_batch(counts, 3))
    assert (values["loss_mask"] > 0) == (values["loss_bbox_reg_stage0"] > 0) == any(counts)


def test_losses_fall_in_a_few_steps() -> None:
    model, inputs = small_model(NAME, from_scratch=True), random_batch([2, 1], 3)
    values = losses_of_steps(model, inputs, 4, learning_rate=0.002)
    assert values[-1] < 0.8 * values[0]


def test_a_batch_is_predicted_as_its_images_alone() -> None:
    model = small_model(NAME)
    model.limits = ANY_SCORE
    inputs = random_batch([0, 0], 3)
    inputs["im_shape"] = paddle.to_tensor([[64.0, 96.0], [48.0, 70.0]])
    together = predicted(model, evaluation_part(inputs, slice(None)))
    alone = [predicted(model, evaluation_part(inputs, slice(i, i + 1))) for i in range(2)]
    assert together["bbox_num"].tolist() == [int(one["bbox_num"][0]) for one in alone]
    boxes = np.concatenate([one["bbox"] for one in alone])
    np.testing.assert_allclose(together["bbox"], boxes, rtol=1e-5, atol=1e-4)


def test_distilled_weights_are_changed_slowly_unless_trained_from_scratch() -> None:
    def rates(**sizes: bool) -> dict[str, float]:
        backbone = small_model(SSLD, **sizes).backbone
        return {
            name: parameter.optimize_attr["learning_rate"]
            for name, parameter in backbone.named_parameters()
            if name.endswith("a.branch2a.conv.weight")
        }

    names = [f"res{i}.res{i}a.branch2a.conv.weight" for i in (2, 3, 4, 5)]
    slow = dict(zip(names, (0.05, 0.05, 0.1, 0.15), strict=True))
    assert rates() == slow
    assert rates(from_scratch=True) == dict.fromkeys(names, 1.0)
    assert MODELS[SSLD].sizes["variant"] == "d"
