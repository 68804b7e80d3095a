"""PP-YOLOE_seg-S beside the reference's records: stages, detections, losses and gradients."""

from __future__ import annotations

import numpy as np
import paddle
from parity.losses import normalisation_modes, step_differences
from parity.reference_data import evaluation_inputs, filled, loss_record
from parity.stages import final_record, stage_differences, stage_records

NAME = "PP-YOLOE_seg-S"


def test_stages() -> None:
    apart = stage_differences(filled(NAME), evaluation_inputs(NAME), stage_records(NAME))
    # Measured on Paddle 3.2.2 and 3.3.1: below 1e-6.
    assert {name: value for name, value in apart.items() if not value < 1e-5} == {}


def test_detections() -> None:
    model = filled(NAME)
    model.eval()
    with paddle.no_grad():
        found = {name: tensor.numpy() for name, tensor in model(evaluation_inputs(NAME)).items()}
    record = final_record(NAME)
    np.testing.assert_array_equal(found["bbox"][:, 0], record["labels"])
    np.testing.assert_allclose(found["bbox"][:, 1], record["scores"], atol=1e-5)
    np.testing.assert_allclose(found["bbox"][:, 2:], record["boxes"], atol=1e-2)
    areas = found["mask"].reshape(len(found["mask"]), -1).sum(1)
    np.testing.assert_allclose(areas, record["mask_area"], atol=3)


def test_losses_and_gradients() -> None:
    model = filled(NAME)
    apart = step_differences(NAME, model)
    assert normalisation_modes(model) == loss_record(NAME)["batch_norm_modes"]
    # Measured on Paddle 3.2.2 and 3.3.1: below 1e-6.
    assert {name: value for name, value in apart.items() if not value < 1e-5} == {}
