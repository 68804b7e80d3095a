"""Mask R-CNN and Cascade Mask R-CNN beside the reference's records: stages, losses, gradients."""

from __future__ import annotations

import numpy as np
import paddle
import pytest
from parity.losses import normalisation_modes, step_differences
from parity.reference_data import evaluation_inputs, filled, loss_record
from parity.stages import stage_differences, stage_records

from instseg_train.models.mask_rcnn.ground_truth import GroundTruth
from instseg_train.models.mask_rcnn.polygon_raster import rasterise
from instseg_train.models.mask_rcnn.sampling import FirstSampler
from instseg_train.models.table import MODELS

NAMES = [name for name, row in MODELS.items() if row.family in ("mask_rcnn", "cascade_mask_rcnn")]


@pytest.mark.parametrize("name", NAMES)
def test_stages(name: str) -> None:
    apart = stage_differences(filled(name), evaluation_inputs(name), stage_records(name))
    assert {stage: value for stage, value in apart.items() if not value < 1e-4} == {}


@pytest.mark.parametrize("name", NAMES)
def test_losses_and_gradients(name: str) -> None:
    model = filled(name)
    model.sampler = FirstSampler()
    model.mask_head.targets = targets_that_move_the_outlines
    model.mask_head.rows_of_first_image = True
    truth = loss_record(name)["ground_truth"]
    outlines = [[[np.array(item["polygon"])] for item in objects] for objects in truth]
    apart = step_differences(name, model, gt_poly=outlines)
    assert normalisation_modes(model) == loss_record(name)["batch_norm_modes"]
    losses = {key: value for key, value in apart.items() if "gradient" not in key}
    assert {key: value for key, value in losses.items() if not value < 1e-4} == {}
    assert {key: value for key, value in apart.items() if not value < 1e-3} == {}


def targets_that_move_the_outlines(
    boxes: paddle.Tensor, objects: paddle.Tensor, truth: GroundTruth, side: int
) -> paddle.Tensor:
    """Mask targets as the records were made: the reference brings outlines into a box in place, so
    the next box around the same object starts from outlines that have been moved already
    (PaddleDetection target.py). Ours leaves them alone; with this, the rest can be compared."""
    targets = []
    for box, item in zip(boxes.numpy(), objects.numpy(), strict=True):
        plane = np.zeros((side, side), np.bool_)
        for outline in truth.polygons[item]:
            for axis in (0, 1):
                outline[axis::2] -= box[axis]
                outline[axis::2] *= side / max(box[axis + 2] - box[axis], 0.1)
            plane |= rasterise(outline.reshape(1, -1, 2), side)[0]
        targets.append(plane)
    return paddle.to_tensor(np.stack(targets).astype(np.float32))
