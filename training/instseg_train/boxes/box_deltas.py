"""Boxes as deltas from other boxes (arXiv:1311.2524, appendix C).

dx, dy are the shift of the centre in widths and heights; dw, dh the logarithms of the sizes'
ratios. All four are multiplied by factors, which bring them to unit variance.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import paddle
from paddle import Tensor

# A box grows by no more than this, so that exp() stays finite.
MAX_LOG_SIZE = math.log(1000.0 / 16)

Factors = Sequence[float]


def deltas_from_boxes(boxes: Tensor, targets: Tensor, factors: Factors) -> Tensor:
    """The deltas that move `boxes` onto `targets`; both float32 [R, 4] x1, y1, x2, y2 -> [R, 4]."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    target_width, target_height = targets[:, 2] - targets[:, 0], targets[:, 3] - targets[:, 1]
    shift_x = (targets[:, 0] + 0.5 * target_width) - (boxes[:, 0] + 0.5 * width)
    shift_y = (targets[:, 1] + 0.5 * target_height) - (boxes[:, 1] + 0.5 * height)
    columns = (
        factors[0] * shift_x / width,
        factors[1] * shift_y / height,
        factors[2] * paddle.log(target_width / width),
        factors[3] * paddle.log(target_height / height),
    )
    return paddle.stack(columns, axis=1)


def boxes_from_deltas(boxes: Tensor, deltas: Tensor, factors: Factors) -> Tensor:
    """float32 [R, 4] boxes, moved by deltas float32 [R, 4 * k] -> boxes [R, k, 4]."""
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    centre_x, centre_y = boxes[:, 0] + 0.5 * width, boxes[:, 1] + 0.5 * height
    width, height = width.unsqueeze(1), height.unsqueeze(1)
    new_x = deltas[:, 0::4] / factors[0] * width + centre_x.unsqueeze(1)
    new_y = deltas[:, 1::4] / factors[1] * height + centre_y.unsqueeze(1)
    new_width = paddle.exp(paddle.clip(deltas[:, 2::4] / factors[2], max=MAX_LOG_SIZE)) * width
    new_height = paddle.exp(paddle.clip(deltas[:, 3::4] / factors[3], max=MAX_LOG_SIZE)) * height
    corners = (
        new_x - 0.5 * new_width,
        new_y - 0.5 * new_height,
        new_x + 0.5 * new_width,
        new_y + 0.5 * new_height,
    )
    return paddle.stack(corners, axis=-1)


def clipped(boxes: Tensor, size: Tensor) -> Tensor:
    """Boxes float32 [..., 4], corners moved into an image; size float32 [2]: height, width."""
    height, width = size[0:1], size[1:2]
    zero = paddle.zeros_like(height)
    corners = (
        paddle.maximum(paddle.minimum(boxes[..., 0], width), zero),
        paddle.maximum(paddle.minimum(boxes[..., 1], height), zero),
        paddle.maximum(paddle.minimum(boxes[..., 2], width), zero),
        paddle.maximum(paddle.minimum(boxes[..., 3], height), zero),
    )
    return paddle.stack(corners, axis=-1)


def has_area(boxes: Tensor) -> Tensor:
    """float32 [R, 4] -> bool [R]: wider and higher than nothing."""
    return paddle.logical_and(boxes[:, 3] - boxes[:, 1] > 0, boxes[:, 2] - boxes[:, 0] > 0)
