"""PP-YOLOE_seg's loss of a batch.

arXiv:2203.16250 sec. 2.2; the masks' term is that of PaddleDetection ppyoloe_ins_head.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.losses.giou import giou_loss
from instseg_train.losses.over_processes import mean_over_processes
from instseg_train.models.ppyoloe_seg.anchors import boxes_from_distances, distances_from_boxes
from instseg_train.models.ppyoloe_seg.ground_truth import pad_objects, shrunk
from instseg_train.models.ppyoloe_seg.head import BINS, SegmentationHead
from instseg_train.models.ppyoloe_seg.losses import (
    distribution_focal_loss,
    mask_loss,
    varifocal_loss,
)
from instseg_train.models.ppyoloe_seg.task_aligned_assigner import TaskAlignedAssigner
from instseg_train.models.segmenter import Inputs

# Weights in the total. The mask's is the box's.
WEIGHTS = {"loss_cls": 1.0, "loss_iou": 2.5, "loss_dfl": 0.5, "loss_mask": 2.5}


class Criterion:
    def __init__(self, assigner: TaskAlignedAssigner):
        self.assigner = assigner

    def __call__(
        self, head: SegmentationHead, outputs: Sequence[Tensor], inputs: Inputs
    ) -> dict[str, Tensor]:
        """What the head returns in training mode, and the batch -> losses by name."""
        scores, bins, coefficients, prototypes, points, steps = outputs
        truth = pad_objects(inputs["gt_bbox"], inputs["gt_class"])
        boxes = boxes_from_distances(points, head.expected_distances(bins))  # in strides
        with paddle.no_grad():
            assigned = self.assigner(scores.detach(), boxes.detach() * steps, points * steps, truth)
            places = paddle.nonzero(assigned.positive)  # [P, 2] image, anchor
        # Losses are per unit of the scores to learn, of the whole batch.
        total_score = mean_over_processes(assigned.score.sum()).clip(min=1.0)
        if not places.shape[0]:
            unlearnt = (bins.sum() + coefficients.sum() + prototypes.sum()) * 0
            classes = varifocal_loss(scores, paddle.zeros_like(scores), paddle.zeros_like(scores))
            names = ("loss_iou", "loss_dfl", "loss_mask", "loss_l1")
            return _with_total(
                {"loss_cls": classes / total_score, **dict.fromkeys(names, unlearnt)}
            )

        image, anchor = places[:, 0], places[:, 1]
        chosen = paddle.stack([image, assigned.objects.gather_nd(places)], axis=1)
        score = assigned.score.gather_nd(places)
        labels = _one_hot(places, truth.class_ids.gather_nd(chosen), scores)
        targets = truth.boxes.gather_nd(chosen)
        step, point = steps.gather(anchor), points.gather(anchor)

        losses = {"loss_cls": varifocal_loss(scores, labels * assigned.score.unsqueeze(-1), labels)}
        found, wanted = boxes.gather_nd(places), targets / step
        weight = score.unsqueeze(-1)
        losses["loss_iou"] = (giou_loss(found, wanted) * score).sum()
        distances = distances_from_boxes(point, wanted).clip(0, BINS - 1 - 0.01)
        logits = bins.gather_nd(places).reshape([-1, 4, BINS])
        losses["loss_dfl"] = (distribution_focal_loss(logits, distances) * weight).sum()
        losses["loss_mask"] = _masks(
            inputs, image, chosen[:, 1], targets, coefficients.gather_nd(places), prototypes
        )
        losses = {name: value / total_score for name, value in losses.items()}
        losses["loss_l1"] = F.l1_loss(found, wanted)  # only reported
        return _with_total(losses)


def _one_hot(places: Tensor, class_ids: Tensor, like: Tensor) -> Tensor:
    """1 at [image, anchor, class] of each of [P, 2] and [P], else 0; float32, of `like`'s shape."""
    indices = paddle.concat([places, class_ids.unsqueeze(-1)], axis=-1)
    return paddle.scatter_nd(indices, paddle.ones([indices.shape[0]]), like.shape)


def _masks(
    inputs: Inputs,
    image: Tensor,
    chosen: Tensor,
    boxes: Tensor,
    coefficients: Tensor,
    prototypes: Tensor,
) -> Tensor:
    """Of P positive anchors, ordered by image: image and object [P], the object's box in pixels
    [P, 4], coefficients [P, C]; prototypes [N, C, h, w] -> the sum of their mask losses."""
    size = [int(s) for s in inputs["image"].shape[2:]]
    height, width = (int(s) for s in prototypes.shape[2:])
    scale = paddle.to_tensor([width / size[1], height / size[0]] * 2, "float32")
    sides = boxes[:, 2:] - boxes[:, :2]
    shares = sides.prod(axis=1) / (size[0] * size[1])
    counts = F.one_hot(image, prototypes.shape[0]).sum(axis=0).tolist()
    total = paddle.zeros([])
    start = 0
    for i, count in enumerate(int(c) for c in counts):
        part = slice(start, start + count)
        start += count
        if not count:
            total = total + prototypes[i].sum() * 0
            continue
        masks = shrunk(inputs["gt_segm"][i], height, width).gather(chosen[part])
        logits = paddle.matmul(coefficients[part], prototypes[i].flatten(1))
        total = total + mask_loss(
            logits.reshape([-1, height, width]),
            masks.astype("float32"),
            boxes[part] * scale,
            shares[part],
        )
    return total


def _with_total(losses: dict[str, Tensor]) -> dict[str, Tensor]:
    losses["loss"] = sum(
        (losses[name] * weight for name, weight in WEIGHTS.items()), paddle.zeros([])
    )
    return losses
