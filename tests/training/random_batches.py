"""Batches of noise with noisy objects on it, for tests of losses."""

from __future__ import annotations

from typing import Any

import numpy as np
import paddle


def random_batch(
    counts: list[int], classes: int, size: tuple[int, int] = (64, 96)
) -> dict[str, Any]:
    """Inputs of the training forward: counts objects per image, of sides of 12 to 30 pixels."""
    random = np.random.default_rng(7)
    height, width = size
    inputs: dict[str, Any] = {
        "image": paddle.to_tensor(random.uniform(0, 1, [len(counts), 3, *size]).astype("float32")),
        "im_shape": paddle.to_tensor([[float(height), float(width)]] * len(counts)),
        "scale_factor": paddle.ones([len(counts), 2]),
        "gt_bbox": [],
        "gt_class": [],
        "gt_segm": [],
        "is_crowd": [],
    }
    for count in counts:
        corner = random.uniform(0, 30, [count, 2])
        boxes = np.concatenate([corner, corner + random.uniform(12, 30, [count, 2])], 1)
        masks = np.zeros([count, height, width], np.uint8)
        for mask, (x1, y1, x2, y2) in zip(masks, boxes.astype(int), strict=True):
            mask[y1:y2, x1:x2] = random.uniform(size=(y2 - y1, x2 - x1)) < 0.8
        inputs["gt_bbox"].append(paddle.to_tensor(boxes.astype("float32")).reshape([-1, 4]))
        inputs["gt_class"].append(paddle.to_tensor(random.integers(0, classes, count)))
        inputs["gt_segm"].append(paddle.to_tensor(masks))
        inputs["is_crowd"].append(paddle.zeros([count], "int32"))
    return inputs
