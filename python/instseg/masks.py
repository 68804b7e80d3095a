"""The masks of one image's instances, rendered on demand."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypedDict

import numpy as np
from numpy.typing import NDArray

from instseg._core import Mask


class MaskCrop(NamedTuple):
    """The part of a mask that can hold foreground, and its place in the image.

    x, y    column and row of the crop's upper left pixel in the image
    bitmap  bool [h, w]
    """

    x: int
    y: int
    bitmap: NDArray[np.bool_]


class Rle(TypedDict):
    """COCO run lengths of a whole image: what pycocotools decodes."""

    size: list[int]  # height, width
    counts: str


class Masks(Sequence[Mask]):
    """Masks by falling score, one per instance; `masks[i]` is a single one (`instseg.Mask`).

    Stored as bits of each mask's region; every method makes new, independent data.
    """

    __slots__ = ("_image_size", "_masks")

    def __init__(self, masks: Sequence[Mask], image_size: tuple[int, int]):
        """image_size: (height, width) of the image, that of every mask."""
        self._masks = tuple(masks)
        self._image_size = image_size

    def __len__(self) -> int:
        return len(self._masks)

    def __getitem__(self, index):  # type: ignore[no-untyped-def]
        """`masks[i]` -> Mask, `masks[a:b]` -> Masks."""
        if isinstance(index, slice):
            return Masks(self._masks[index], self._image_size)
        return self._masks[index]

    def __iter__(self) -> Iterator[Mask]:
        return iter(self._masks)

    def __repr__(self) -> str:
        height, width = self._image_size
        return f"Masks({len(self)} of {width} x {height} pixels)"

    @property
    def image_size(self) -> tuple[int, int]:
        """(height, width)"""
        return self._image_size

    def bitmaps(self) -> NDArray[np.bool_]:
        """bool [n, H, W], full image size: n * H * W bytes, 2 MB per instance at 1080p."""
        bitmaps = np.empty((len(self), *self._image_size), np.bool_)
        for i, mask in enumerate(self._masks):
            bitmaps[i] = mask.bitmap()
        return bitmaps

    def crops(self) -> list[MaskCrop]:
        """The region of each mask with its place; an empty mask has a crop of no pixels."""
        return [MaskCrop(*mask.region[:2], mask.crop()) for mask in self._masks]

    def rle(self) -> list[Rle]:
        """COCO's compressed run lengths of the full image, equal to pycocotools' `encode`."""
        size = list(self._image_size)
        return [Rle(size=list(size), counts=mask.rle()) for mask in self._masks]

    def polygons(self) -> list[list[list[NDArray[np.int32]]]]:
        """Exact outlines: per mask a list of parts, per part [exterior, hole, hole, ...].

        A ring is int32 [m, 2] of x, y between pixels (pixel c, r covers c..c+1, r..r+1), closed
        implicitly. Filling exteriors and leaving out holes gives the mask back.
        """
        return [mask.polygons() for mask in self._masks]

    def areas(self) -> NDArray[np.int64]:
        """int64 [n]: foreground pixels of each mask."""
        return np.array([mask.area() for mask in self._masks], np.int64)
