"""Anchor boxes of the encoder's predictions, one for each pixel of each level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor

from instseg_train.models.mask_rtdetr.deformable_attention import LevelSizes

SIDE, MARGIN = 0.05, 0.01


class Anchors(NamedTuple):
    """L pixels: box logits float32 [L, 4], infinite where not valid; valid bool [1, L, 1]."""

    box_logits: Tensor
    valid: Tensor


def anchor_boxes(sizes: LevelSizes) -> npt.NDArray[np.float32]:
    """float32 [L, 4] cx, cy, w, h as fractions of the image: at each pixel's centre, SIDE wide on
    the finest level and twice as wide on each coarser one."""
    boxes = []
    for level, (height, width) in enumerate(sizes):
        y, x = np.mgrid[:height, :width].reshape(2, -1).astype(np.float32) + np.float32(0.5)
        side = np.full(x.shape, SIDE * 2.0**level, np.float32)
        boxes.append(np.stack([x / np.float32(width), y / np.float32(height), side, side], axis=1))
    return np.concatenate(boxes)


class AnchorTable:
    """The anchors of each image size, made once and kept as tensors (as `SinePositions`)."""

    def __init__(self) -> None:
        self._tables: dict[tuple[tuple[int, int], ...], Anchors] = {}

    def __call__(self, sizes: LevelSizes) -> Anchors:
        key = tuple(sizes)
        if key not in self._tables:
            boxes = anchor_boxes(sizes)
            # An anchor counts where it keeps a margin on every side of the unit interval.
            valid = ((boxes > MARGIN) & (boxes < 1 - MARGIN)).all(axis=1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                logits = np.where(valid, np.log(boxes / (1 - boxes)), np.float32(np.inf))
            self._tables[key] = Anchors(
                paddle.to_tensor(logits.astype(np.float32)), paddle.to_tensor(valid[None])
            )
        return self._tables[key]
