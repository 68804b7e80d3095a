"""From dense predictions to detections in the original image."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor

from instseg_train.boxes.class_wise_nms import class_wise_nms
from instseg_train.models.ppyoloe_seg.anchors import boxes_from_distances

MASK_THRESHOLD = 0.5


def detections(
    outputs: tuple[Tensor, ...],
    image_size: tuple[int, int],
    im_shape: Tensor,
    scale_factor: Tensor,
) -> dict[str, Tensor]:
    """What the head returns in evaluation mode, of one image -> its detections.

    `bbox` float32 [n, 6] class, score, x1, y1, x2, y2 in pixels of the original image, by class and
    falling score; `bbox_num` int32 [1] = n; `mask` float32 [n, h, w], 0 or 1, of the original size.
    Where nothing is found, one row of zeros. image_size is h, w of the network's input.
    """
    scores, distances, coefficients, prototypes, points, steps = outputs
    boxes = boxes_from_distances(points, distances) * steps
    bbox, bbox_num, kept = class_wise_nms(
        boxes, scores, score_threshold=0.01, iou_threshold=0.7, most_before=1000, most=300
    )
    original = im_shape[0] / scale_factor[0]
    height, width = original[0].astype("int32"), original[1].astype("int32")
    if bbox_num.sum() > 0:
        mask = _masks(prototypes[0], _rows(coefficients, kept), bbox[:, 2:6], image_size)
        mask = _in_original(mask, image_size, scale_factor)[:, :height, :width]
        mask = (mask > MASK_THRESHOLD).astype("float32")
        bbox[:, 2:6] = bbox[:, 2:6] / scale_factor.flip(-1).tile([1, 2])
    else:
        bbox = paddle.zeros([1, 6])
        bbox_num = paddle.ones([1], "int32")
        mask = paddle.zeros([1, height, width])
    return {"bbox": bbox, "bbox_num": bbox_num, "mask": mask}


def _in_original(mask: Tensor, image_size: tuple[int, int], scale_factor: Tensor) -> Tensor:
    """[n, H, W] resized by the rounded factor, as PaddleDetection does: at least the original's
    size, the rest is to be cut."""
    sizes = [
        paddle.round(side / scale_factor[0][axis]).astype("int32")
        for axis, side in enumerate(image_size)
    ]
    return F.interpolate(mask.unsqueeze(0), sizes, mode="bilinear").squeeze(0)


def _rows(coefficients: Tensor, kept: Tensor) -> Tensor:
    """[N, P, A], and which n of the N * A anchors -> [n, P]."""
    return coefficients.transpose([0, 2, 1]).reshape([-1, coefficients.shape[1]]).gather(kept)


def _masks(
    prototypes: Tensor, weights: Tensor, boxes: Tensor, image_size: tuple[int, int]
) -> Tensor:
    """[P, h, w], [n, P] and [n, 4] in pixels of the input -> probabilities [n, H, W], 0 outside."""
    count, height, width = prototypes.shape
    mask = F.sigmoid(paddle.matmul(weights, prototypes.reshape([count, -1])))
    mask = mask.reshape([-1, height, width]).unsqueeze(0)
    mask = F.interpolate(mask, image_size, mode="bilinear").squeeze(0)
    x1, y1, x2, y2 = paddle.split(boxes.unsqueeze(2), 4, axis=1)
    x = paddle.arange(image_size[1], dtype="float32").reshape([1, 1, -1])
    y = paddle.arange(image_size[0], dtype="float32").reshape([1, -1, 1])
    # Products of booleans, as in the official programs, by which they are recognised.
    inside = (x >= x1) * (x < x2) * (y >= y1) * (y < y2)
    return mask * inside.astype("float32")
