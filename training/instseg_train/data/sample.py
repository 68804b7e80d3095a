"""What passes between the steps of data loading."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TypedDict

import numpy as np
import numpy.typing as npt

from instseg_train.data.shapes import Shape


@dataclass(frozen=True)
class Sample:
    """One image with its n objects, at any step between reading and batching.

    image        uint8 [H, W, 3] RGB
    boxes        float32 [n, 4] x1, y1, x2, y2 in pixels of `image`
    class_ids    int64 [n] in [0, K)
    crowd        bool [n]
    shapes       n: what each object covers
    masks        uint8 [n, H, W] 0 or 1; None before they are drawn
    image_id     of the data set
    original     height, width as read
    """

    image: npt.NDArray[np.uint8]
    boxes: npt.NDArray[np.float32]
    class_ids: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    shapes: list[Shape]
    masks: npt.NDArray[np.uint8] | None
    image_id: int
    original: tuple[int, int]

    @property
    def size(self) -> tuple[int, int]:
        """height, width of `image`"""
        height, width = self.image.shape[:2]
        return int(height), int(width)

    def __len__(self) -> int:
        return len(self.boxes)

    def select(self, keep: npt.NDArray[np.bool_]) -> Sample:
        """The objects where `keep` bool [n] is true."""
        if keep.all():
            return self
        return replace(
            self,
            boxes=self.boxes[keep],
            class_ids=self.class_ids[keep],
            crowd=self.crowd[keep],
            shapes=[shape for shape, kept in zip(self.shapes, keep, strict=True) if kept],
            masks=None if self.masks is None else self.masks[keep],
        )


ImagePolygons = list[list[npt.NDArray[np.float32]]]
"""n objects, each a list of outlines float32 [2p]: x and y in turn."""


class Batch(TypedDict, total=False):
    """N samples of one size, as `Segmenter.forward` takes them, but in NumPy."""

    image: npt.NDArray[np.float32]  # [N, 3, H, W] normalised
    im_shape: npt.NDArray[np.float32]  # [N, 2] height, width after resizing, before padding
    scale_factor: npt.NDArray[np.float32]  # [N, 2] that size / original, y and x
    gt_bbox: list[npt.NDArray[np.float32]]  # [n, 4] each
    gt_class: list[npt.NDArray[np.int64]]  # [n]
    gt_segm: list[npt.NDArray[np.uint8]]  # [n, H, W]; [0, H, W] where gt_poly has the objects
    gt_poly: list[ImagePolygons | None]  # R-CNNs; None for images whose objects are bitmaps
    is_crowd: list[npt.NDArray[np.int32]]  # [n]
    image_id: npt.NDArray[np.int64]  # [N]
