"""An object as pixels."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask


@dataclass(frozen=True)
class Bitmap:
    """pixels uint8 [h, w] 0 or 1: the rectangle of the image whose upper left pixel is left, top;
    the rest of the image is 0. The rectangle may reach over the image's edge."""

    left: int
    top: int
    pixels: npt.NDArray[np.uint8]

    @classmethod
    def of_run_lengths(cls, counts: bytes, size: tuple[int, int]) -> Bitmap:
        """counts: as COCO compresses them; they fill an image of `size` height, width."""
        runs = {"size": list(size), "counts": counts}
        mask = coco_mask.decode(runs)
        left, top, width, height = (int(edge) for edge in coco_mask.toBbox(runs))
        pixels = mask[top : top + height, left : left + width]
        return cls(left, top, np.ascontiguousarray(pixels))

    def moved(self, right: int, down: int) -> Bitmap:
        return Bitmap(self.left + right, self.top + down, self.pixels)

    def mirrored(self, width: int) -> Bitmap:
        """Left and right changed over in an image of this width."""
        return Bitmap(width - self.left - self.pixels.shape[1], self.top, self.pixels[:, ::-1])

    def scaled(self, old: tuple[int, int], new: tuple[int, int]) -> Bitmap:
        """From an image of `old` height, width to one of `new`; each pixel takes the one that
        OpenCV's nearest neighbour takes, floor(i * old / new)."""
        top, rows = _nearest(self.top, self.pixels.shape[0], old[0], new[0])
        left, columns = _nearest(self.left, self.pixels.shape[1], old[1], new[1])
        return Bitmap(left, top, self.pixels[rows[:, None], columns])

    def draw(self, mask: npt.NDArray[np.uint8]) -> None:
        """Sets the object's pixels of `mask` uint8 [H, W] to 1."""
        height, width = self.pixels.shape
        seen = self.pixels[max(-self.top, 0) :, max(-self.left, 0) :]
        place = mask[max(self.top, 0) : max(self.top + height, 0),
                     max(self.left, 0) : max(self.left + width, 0)]  # fmt: skip
        place |= seen[: place.shape[0], : place.shape[1]]


def _nearest(first: int, count: int, old: int, new: int) -> tuple[int, npt.NDArray[np.intp]]:
    """Pixels first .. first + count - 1 of an axis of `old` -> the first of an axis of `new` that
    takes one of them, and which each takes, counted from `first`."""
    step = old / new
    begin = int(np.floor(first / step)) - 1
    pixels = np.arange(begin, int(np.ceil((first + count) / step)) + 1)
    source = np.floor(pixels * step).astype(np.intp) - first
    inside = (source >= 0) & (source < count)
    taken = np.flatnonzero(inside)
    return (int(pixels[taken[0]]) if len(taken) else 0), source[inside]
