"""The loss of a batch, put together again with loops over images and positive anchors."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest
from models.ppyoloe_seg.small_model import small_model
from random_batches import random_batch

from instseg_train.losses.giou import giou_loss
from instseg_train.models.ppyoloe_seg import PPYoloeSeg
from instseg_train.models.ppyoloe_seg.ground_truth import pad_objects, shrunk
from instseg_train.models.ppyoloe_seg.losses import distribution_focal_loss


def slow_losses(model: PPYoloeSeg, inputs: dict[str, Any]) -> dict[str, float]:
    head = model.yolo_head
    outputs = head(model.neck(model.backbone(inputs["image"])))
    scores, bins, coefficients, prototypes, points, steps = (x.detach() for x in outputs)
    ltrb = head.expected_distances(bins)
    boxes = paddle.concat([points - ltrb[..., :2], points + ltrb[..., 2:]], axis=-1)
    truth = pad_objects(inputs["gt_bbox"], inputs["gt_class"])
    assigned = model.criterion.assigner(scores, boxes * steps, points * steps, truth)
    total_score = max(float(assigned.score.sum()), 1.0)
    height, width = inputs["image"].shape[2:]
    mask_height, mask_width = prototypes.shape[2:]
    found = dict.fromkeys(["loss_cls", "loss_iou", "loss_dfl", "loss_mask"], 0.0)
    apart = []
    for i in range(len(scores)):
        for a in range(len(points)):
            target = np.zeros(scores.shape[2])
            positive = bool(assigned.positive[i, a])
            score = float(assigned.score[i, a])
            if positive:
                m = int(assigned.objects[i, a])
                class_id = int(inputs["gt_class"][i][m])
                target[class_id] = score
                box = inputs["gt_bbox"][i][m]
                step = steps[a].item()
                found["loss_iou"] += (
                    score * giou_loss(boxes[i, a : a + 1], box.unsqueeze(0) / step).item()
                )
                distances = paddle.concat([points[a] - box[:2] / step, box[2:] / step - points[a]])
                of_sides = distribution_focal_loss(
                    bins[i, a].reshape([1, 4, 17]), distances.clip(0, 15.99).unsqueeze(0)
                )
                found["loss_dfl"] += score * of_sides.item()
                apart += (boxes[i, a] - box / step).abs().tolist()
                logits = (coefficients[i, a].reshape([-1, 1, 1]) * prototypes[i]).sum(0)
                mask = inputs["gt_segm"][i][m].numpy()[
                    :: height // mask_height, :: width // mask_width
                ]
                entropy = F.binary_cross_entropy_with_logits(
                    logits, paddle.to_tensor(mask.astype("float32")), reduction="none"
                ).numpy()
                x1, y1, x2, y2 = box.numpy() * np.array(
                    [mask_width / width, mask_height / height] * 2
                )
                y, x = np.mgrid[0:mask_height, 0:mask_width]
                cut = entropy[(x >= x1) & (x < x2) & (y >= y1) & (y < y2)].sum()
                share = float((box[2] - box[0]) * (box[3] - box[1])) / (height * width)
                found["loss_mask"] += cut / (mask_height * mask_width) / share
            for k, p in enumerate(scores[i, a].tolist()):
                learnt = positive and k == int(inputs["gt_class"][i][int(assigned.objects[i, a])])
                weight = target[k] if learnt else 0.75 * p**2
                found["loss_cls"] -= weight * (
                    target[k] * np.log(p) + (1 - target[k]) * np.log(1 - p)
                )
    found = {name: value / total_score for name, value in found.items()}
    found["loss"] = (
        found["loss_cls"]
        + 2.5 * found["loss_iou"]
        + 0.5 * found["loss_dfl"]
        + 2.5 * found["loss_mask"]
    )
    found["loss_l1"] = float(np.mean(apart)) if apart else 0.0
    return found


@pytest.mark.parametrize("counts", [[3, 1], [2, 0]])
def test_equals_the_loops(counts: list[int]) -> None:
    model = small_model()
    inputs = random_batch(counts, 3)
    found = {name: float(value) for name, value in model(inputs).items()}
    expected = slow_losses(model, inputs)
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-4), name


def test_masks_of_another_size_than_the_image_are_refused() -> None:
    masks = paddle.zeros([2, 60, 96], "uint8")
    with pytest.raises(ValueError, match="60 x 96"):
        shrunk(masks, 16, 24)
    assert shrunk(masks, 15, 24).shape == [2, 15, 24]
    assert shrunk(masks, 60, 96).shape == [2, 60, 96]


def test_shrinking_takes_the_upper_left_pixel() -> None:
    mask = np.random.default_rng(0).integers(0, 2, [1, 8, 12]).astype("uint8")
    found = shrunk(paddle.to_tensor(mask), 2, 3).numpy()
    expected = F.interpolate(paddle.to_tensor(mask[None].astype("float32")), (2, 3), mode="nearest")
    np.testing.assert_array_equal(found, expected.numpy()[0])
