"""From the box head's outputs to detections (arXiv:1703.06870, section 3.1, "Inference")."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import paddle
from paddle import Tensor

from instseg_train.boxes.box_deltas import Factors, boxes_from_deltas, clipped, has_area
from instseg_train.boxes.class_wise_nms import class_wise_nms
from instseg_train.models.mask_rcnn.images import images_of
from instseg_train.models.mask_rcnn.roi_pooling import box_counts

# Stands for an image's detections where there are none: class, score, x1, y1, x2, y2.
PLACEHOLDER = (0.0, 0.0, 0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True)
class DetectionLimits:
    score_threshold: float = 0.05
    iou_threshold: float = 0.5
    most: int = 100


def detect(
    deltas: Tensor,
    probabilities: Tensor,
    boxes: Sequence[Tensor],
    im_shape: Tensor,
    factors: Factors,
    limits: DetectionLimits,
) -> list[Tensor]:
    """The best boxes of each image, class by class.

    deltas float32 [R, 4 * K] or [R, 4], probabilities [R, K + 1] (background last), the boxes they
    move float32 [R_i, 4] of each image, im_shape float32 [N, 2]. Returns rows float32 [n_i, 6]
    class, score, x1, y1, x2, y2 in pixels of the network's input, clipped, by class and place of
    the box; n_i >= 1.
    """
    num_classes = probabilities.shape[1] - 1
    rois = paddle.concat(list(boxes)) if len(boxes) > 1 else boxes[0]
    moved = boxes_from_deltas(rois, deltas, factors)  # [R, K or 1, 4]
    if moved.shape[1] != num_classes:
        moved = moved.expand([-1, num_classes, 4])
    sizes = [im_shape[i] for i in images_of(im_shape)]
    if len(sizes) == 1:
        moved = clipped(moved, sizes[0])
    else:
        numbers = [image.shape[0] for image in boxes]
        parts = paddle.split(moved, numbers)
        moved = paddle.concat(
            [clipped(part, size) for part, size in zip(parts, sizes, strict=True)]
        )
    rows, found, _ = class_wise_nms(
        moved,
        probabilities[:, :-1],
        score_threshold=limits.score_threshold,
        iou_threshold=limits.iou_threshold,
        most=limits.most,
        background=num_classes,
        rois_num=box_counts(boxes),
    )
    images = [rows] if len(sizes) == 1 else paddle.split(rows, found.numpy().tolist())
    return [_with_placeholder(image) for image in images]


def _with_placeholder(rows: Tensor) -> Tensor:
    if rows.shape[0] == 0:
        rows = paddle.to_tensor([PLACEHOLDER], "float32")
    return rows


def in_original_pixels(rows: Tensor, scale_factor: Tensor, size: Tensor) -> Tensor:
    """Rows float32 [n, 6] of one image, its scale_factor float32 [2] (y, x) and original size
    float32 [2] -> rows in pixels of the original image, clipped; class -1 where nothing is left."""
    scale = paddle.stack([scale_factor[1], scale_factor[0], scale_factor[1], scale_factor[0]])
    boxes = clipped(rows[:, 2:] / scale, size)
    classes = rows[:, 0:1]
    kept = paddle.where(has_area(boxes).unsqueeze(1), classes, paddle.full_like(classes, -1.0))
    return paddle.concat([kept, rows[:, 1:2], boxes], axis=1)
