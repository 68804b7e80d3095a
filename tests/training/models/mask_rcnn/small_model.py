"""Mask R-CNNs small enough for tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import paddle

from instseg_train.models.mask_rcnn.mask_rcnn import MaskRCNN
from instseg_train.models.table import MODELS

SMALL = {"width": 0.125, "depth": 0.25}


def small_model(name: str, classes: int = 3, *, seed: int = 0, **sizes: Any) -> MaskRCNN:
    """Few proposals and examples, so that a test takes a second."""
    paddle.seed(seed)
    row = MODELS[name]
    model: MaskRCNN = row.build(classes, **{**row.sizes, **SMALL, **sizes})
    model.bbox_head.sampling = replace(model.bbox_head.sampling, samples_per_image=48)
    model.rpn_head.limits = replace(model.rpn_head.limits, after_nms=50, per_image=50)
    return model


def evaluation_part(inputs: Mapping[str, Any], images: slice) -> dict[str, paddle.Tensor]:
    return {key: inputs[key][images] for key in ("image", "im_shape", "scale_factor")}


def predicted(model: MaskRCNN, inputs: Mapping[str, paddle.Tensor]) -> dict[str, Any]:
    model.eval()
    with paddle.no_grad():
        return {key: value.numpy() for key, value in model(inputs).items()}


def losses_are_finite(model: MaskRCNN, inputs: Mapping[str, Any]) -> dict[str, float]:
    """One training step's losses; fails unless they and all gradients of what learns are finite
    and the losses add up."""
    losses = model(inputs)
    losses["loss"].backward()
    values = {name: float(value) for name, value in losses.items()}
    assert all(np.isfinite(value) for value in values.values())
    total = sum(value for name, value in values.items() if name != "loss")
    np.testing.assert_allclose(values["loss"], total, rtol=1e-5)
    for name, parameter in model.named_parameters():
        if not parameter.stop_gradient:
            assert parameter.grad is not None, name
            assert np.isfinite(parameter.grad.numpy()).all(), name
    return values
