"""Whole models: class counts, batches, images without objects, what learns, what is found."""

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
from instseg_train.models.mask_rcnn.mask_paste import paste_masks

KINDS = ["MaskRCNN-ResNet50", "MaskRCNN-ResNet50-FPN"]  # one map, a pyramid
# Random weights know nothing: every class of K is about as likely as another.
ANY_SCORE = DetectionLimits(score_threshold=0.0, most=20)


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("classes", [1, 2, 365])
def test_other_class_counts_learn_and_detect(name: str, classes: int) -> None:
    model = small_model(name, classes)
    inputs = random_batch([2, 3], classes)
    values = losses_are_finite(model, inputs)
    assert all(value > 0 for value in values.values())
    model.limits = ANY_SCORE
    found = predicted(model, evaluation_part(inputs, slice(0, 1)))
    [count] = found["bbox_num"]
    assert count == 20
    assert found["bbox"].shape == (count, 6)
    assert found["mask"].shape == (count, 64, 96)
    assert set(np.unique(found["mask"])) <= {0, 1}
    assert set(found["bbox"][:, 0]) <= set(range(classes)) | {-1}


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("counts", [[0, 0], [0, 2], [3, 0]])
def test_images_without_objects_have_finite_losses(name: str, counts: list[int]) -> None:
    values = losses_are_finite(small_model(name), random_batch(counts, 3))
    for loss in ("loss_rpn_reg", "loss_bbox_reg", "loss_mask"):
        assert (values[loss] > 0) == any(counts)
    assert values["loss_rpn_cls"] > 0
    assert values["loss_bbox_cls"] > 0


@pytest.mark.parametrize("name", KINDS)
def test_crowds_are_nothing_to_learn(name: str) -> None:
    model, inputs = small_model(name), random_batch([2, 1], 3)
    inputs["is_crowd"] = [paddle.ones([2], "int32"), paddle.ones([1], "int32")]
    values = losses_are_finite(model, inputs)
    assert values["loss_rpn_reg"] == values["loss_bbox_reg"] == values["loss_mask"] == 0


@pytest.mark.parametrize("name", KINDS)
def test_losses_fall_in_a_few_steps(name: str) -> None:
    model, inputs = small_model(name, from_scratch=True), random_batch([2, 1], 3)
    values = losses_of_steps(model, inputs, 4, learning_rate=0.002)
    assert values[-1] < 0.8 * values[0]


@pytest.mark.parametrize("name", KINDS)
def test_a_batch_is_predicted_as_its_images_alone(name: str) -> None:
    model = small_model(name)
    model.limits = ANY_SCORE
    inputs = random_batch([0, 0], 3)
    inputs["im_shape"] = paddle.to_tensor([[64.0, 96.0], [48.0, 70.0]])
    inputs["scale_factor"] = paddle.to_tensor([[2.0, 2.0], [1.0, 0.5]])
    together = predicted(model, evaluation_part(inputs, slice(None)))
    # Original sizes: 32 x 48 and 48 x 140.
    assert together["mask"].shape[1:] == (48, 140)
    start = 0
    for i, (height, width) in enumerate([(32, 48), (48, 140)]):
        alone = predicted(model, evaluation_part(inputs, slice(i, i + 1)))
        rows = slice(start, start + together["bbox_num"][i])
        start = rows.stop
        np.testing.assert_allclose(together["bbox"][rows], alone["bbox"], rtol=1e-5, atol=1e-4)
        assert alone["mask"].shape[1:] == (height, width)
        masks = together["mask"][rows]
        assert (masks[:, :height, :width] != alone["mask"]).mean() < 1e-3
        assert (masks[:, height:] == -1).all()
        assert (masks[:, :, width:] == -1).all()
    assert start == len(together["bbox"])


@pytest.mark.parametrize("name", KINDS)
def test_small_masks_pasted_are_what_predict_returns(name: str) -> None:
    model = small_model(name)
    model.limits = ANY_SCORE
    inputs = evaluation_part(random_batch([0], 3), slice(None))
    found = predicted(model, inputs)
    with paddle.no_grad():
        [(rows, probs)] = model.predict_boxes_and_small_masks(inputs)
    np.testing.assert_array_equal(rows.numpy(), found["bbox"])
    planes = paste_masks(probs, rows[:, 2:], paddle.to_tensor(64), paddle.to_tensor(96))
    np.testing.assert_array_equal(planes.numpy() >= 0.5, found["mask"] == 1)


@pytest.mark.parametrize("name", KINDS)
def test_an_image_without_detections_has_the_placeholder(name: str) -> None:
    model = small_model(name)
    model.limits = DetectionLimits(score_threshold=0.999)
    found = predicted(model, evaluation_part(random_batch([0, 0], 3), slice(None)))
    assert found["bbox"].tolist() == [[0, 0, 0, 0, 1, 1]] * 2
    assert found["bbox_num"].tolist() == [1, 1]
    assert found["mask"].shape == (2, 64, 96)


@pytest.mark.parametrize("name", KINDS)
def test_the_lower_backbone_and_its_norms_are_frozen_unless_trained_from_scratch(name: str) -> None:
    def parameters(model: paddle.nn.Layer) -> dict[str, paddle.Tensor]:
        return {key: p for key, p in model.named_parameters() if "norm._" not in key}

    def frozen(model: paddle.nn.Layer) -> set[str]:
        return {key for key, parameter in parameters(model).items() if parameter.stop_gradient}

    model = small_model(name)
    names = set(parameters(model))
    below = {key for key in names if key.startswith(("backbone.conv1.", "backbone.res2."))}
    norms = {key for key in names if ".norm." in key}
    assert frozen(model) == below | norms
    assert frozen(small_model(name, from_scratch=True)) == set()
    before = {key: value.numpy() for key, value in model.state_dict().items() if "norm._" in key}
    losses_are_finite(model, random_batch([1], 3))
    after = model.state_dict()
    assert len(before) > 0
    for key, value in before.items():
        np.testing.assert_array_equal(after[key].numpy(), value)


def test_all_boxes_of_one_map_share_the_last_stage_with_the_masks() -> None:
    model = small_model("MaskRCNN-ResNet50")
    assert model.mask_head.shares_box_features
    assert not any("res5" in key for key in model.backbone.state_dict())
    assert any("res5" in key for key in model.bbox_head.state_dict())
