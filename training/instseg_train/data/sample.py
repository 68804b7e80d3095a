"""What passes between the steps of data loading."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, TypedDict

import numpy as np
import numpy.typing as npt

Polygons = list[npt.NDArray[np.float32]]
"""The parts of one object: float32 [2p], x and y in turn, in pixels of the image."""


@dataclass(frozen=True)
class Sample:
    """One image with its n objects, at any step between reading and batching.

    image        [H, W, 3] RGB; uint8 as read, float32 in the same range where a step needs it
    boxes        float32 [n, 4] x1, y1, x2, y2 in pixels of `image`
    class_ids    int64 [n] in [0, K)
    crowd        bool [n]
    polygons     n lists of parts; None where the data set has run lengths, and once `masks`
                 hold the objects
    masks        uint8 [n, H, W] 0 or 1; None before they are drawn
    image_id     of the data set
    original     height, width as read
    """

    image: npt.NDArray[Any]
    boxes: npt.NDArray[np.float32]
    class_ids: npt.NDArray[np.int64]
    crowd: npt.NDArray[np.bool_]
    polygons: list[Polygons] | None
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


class Batch(TypedDict, total=False):
    """N samples of one size, as `Segmenter.forward` takes them, but in NumPy."""

    image: npt.NDArray[np.float32]  # [N, 3, H, W] normalised
    im_shape: npt.NDArray[np.float32]  # [N, 2] height, width after resizing, before padding
    scale_factor: npt.NDArray[np.float32]  # [N, 2] that size / original, y and x
    gt_bbox: list[npt.NDArray[np.float32]]  # [n, 4] each
    gt_class: list[npt.NDArray[np.int64]]  # [n]
    gt_segm: list[npt.NDArray[np.uint8]]  # [n, H, W]; [0, H, W] where gt_poly has the objects
    gt_poly: list[list[Polygons] | None]  # R-CNNs; None of images whose objects are masks
    is_crowd: list[npt.NDArray[np.int32]]  # [n]
    image_id: npt.NDArray[np.int64]  # [N]
