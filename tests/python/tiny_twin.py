"""What the tiny model finds in an image, worked out again in NumPy and OpenCV, step by step."""

from typing import NamedTuple

import cv2
import numpy as np
import tiny_model
from numpy.typing import NDArray

TOP_K = 20


class Found(NamedTuple):
    """One instance.

    box          float32 [4]: x1, y1, x2, y2, clipped to the image
    mask_logits  float64 [H, W]: above 0 in the mask
    inside       bool [H, W]: the rounded box
    """

    score: float
    class_id: int
    box: NDArray[np.float32]
    mask_logits: NDArray[np.float64]
    inside: NDArray[np.bool_]


def find(image: NDArray[np.uint8], threshold: float = 0.5) -> list[Found]:
    """Instances by falling score in uint8 [H, W, 3] RGB. Of equal scores the first comes first."""
    height, width = image.shape[:2]
    side = tiny_model.SIDE
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_LINEAR)
    dense = tiny_model.dense_outputs(small)
    scores = 1 / (1 + np.exp(-dense["logits"].astype(np.float64).ravel()))
    found = []
    for index in np.argsort(-scores, kind="stable")[:TOP_K]:
        query, class_id = divmod(int(index), len(tiny_model.CLASS_NAMES))
        if not scores[index] > threshold:
            break
        cx, cy, w, h = dense["boxes"][query].astype(np.float64)
        x1, x2 = np.clip([(cx - w / 2) * width, (cx + w / 2) * width], 0, width)
        y1, y2 = np.clip([(cy - h / 2) * height, (cy + h / 2) * height], 0, height)
        inside = np.zeros((height, width), bool)
        inside[round(y1) : round(y2), round(x1) : round(x2)] = True
        logits = np.tensordot(dense["mask_coefficients"][query], dense["prototypes"], 1)
        found.append(
            Found(
                score=float(scores[index]),
                class_id=class_id,
                box=np.array([x1, y1, x2, y2], np.float32),
                mask_logits=_bilinear(logits.astype(np.float64), height, width),
                inside=inside,
            )
        )
    return found


def _bilinear(values: NDArray[np.float64], height: int, width: int) -> NDArray[np.float64]:
    """Pixel centres on pixel centres, edges repeated; one axis after the other."""
    for axis, size in ((0, height), (1, width)):
        length = values.shape[axis]
        at = np.clip((np.arange(size) + 0.5) * length / size - 0.5, 0, length - 1)
        low = np.floor(at).astype(int)
        high = np.minimum(low + 1, length - 1)
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        values = np.take(values, low, axis) * (1 - share) + np.take(values, high, axis) * share
    return values
