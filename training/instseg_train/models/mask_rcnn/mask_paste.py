"""Small masks into the image (arXiv:1703.06870, section 3.1)."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import Tensor


def paste_masks(probs: Tensor, boxes: Tensor, height: Tensor, width: Tensor) -> Tensor:
    """Probabilities float32 [n, M, M] of boxes float32 [n, 4] in pixels of the image -> float32
    [n, height, width].

    A pixel is read at its centre (x + 0.5, y + 0.5), bilinear, zero outside the box (sampling as in
    PaddleDetection post_process.py). height and width are int64, without dimensions.
    """
    x1, y1, x2, y2 = paddle.split(boxes, 4, axis=1)
    y = (paddle.arange(height, dtype="int64").cast("float32") + 0.5 - y1) / (y2 - y1) * 2 - 1
    x = (paddle.arange(width, dtype="int64").cast("float32") + 0.5 - x1) / (x2 - x1) * 2 - 1
    # [n, height] and [n, width]
    shape = [boxes.shape[0], y.shape[1], x.shape[1]]
    grid = paddle.stack([x.unsqueeze(1).expand(shape), y.unsqueeze(2).expand(shape)], axis=3)
    return F.grid_sample(probs.unsqueeze(1), grid, align_corners=False)[:, 0]
