"""Anchor boxes of the encoder's predictions, one for each pixel of each level."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor, nn

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


class AnchorTable(nn.Layer):
    """The anchors of each image size, made at their first use and kept (as by `SinePositions`)."""

    def forward(self, sizes: LevelSizes) -> Anchors:
        name = "_".join(f"{height}x{width}" for height, width in sizes)
        if f"valid_{name}" not in self._buffers:
            boxes = anchor_boxes(sizes)
            # An anchor counts where it keeps a margin on every side of the unit interval.
            inside: npt.NDArray[np.bool_] = (boxes > MARGIN) & (boxes < 1 - MARGIN)
            valid = np.all(inside, axis=1, keepdims=True)
            with np.errstate(divide="ignore", invalid="ignore"):
                logits = np.where(valid, np.log(boxes / (1 - boxes)), np.float32(np.inf))
            for what, values in (("logits", logits.astype(np.float32)), ("valid", valid[None])):
                self.register_buffer(f"{what}_{name}", paddle.to_tensor(values), persistable=False)
        return Anchors(self._buffers[f"logits_{name}"], self._buffers[f"valid_{name}"])
