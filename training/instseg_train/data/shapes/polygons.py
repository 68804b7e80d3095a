"""An object as outlines."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from pycocotools import mask as coco_mask

Part = npt.NDArray[np.float32]


@dataclass(frozen=True)
class Polygons:
    """parts: float32 [p, 2] each, the corners x, y in pixels of the image; they may lie outside.

    A pixel belongs to the object if COCO's tools draw it for any of the parts.
    """

    parts: Sequence[Part]

    def moved(self, right: int, down: int) -> Polygons:
        offset = np.array([right, down], np.float32)
        return Polygons([part + offset for part in self.parts])

    def mirrored(self, width: int) -> Polygons:
        """Left and right changed over in an image of this width: x becomes width - x."""
        sign, offset = np.array([-1, 1], np.float32), np.array([width, 0], np.float32)
        return Polygons([part * sign + offset for part in self.parts])

    def scaled(self, old: tuple[int, int], new: tuple[int, int]) -> Polygons:
        """From an image of `old` height, width to one of `new`."""
        scale = np.array([new[1] / old[1], new[0] / old[0]], np.float32)
        return Polygons([part * scale for part in self.parts])

    def draw(self, mask: npt.NDArray[np.uint8]) -> None:
        """Sets the object's pixels of `mask` uint8 [H, W] to 1: those of COCO's frPyObjects.

        That rounds coordinates towards 0, so it is given a larger canvas for what lies left of the
        image or above it, and none of the pixels beyond the polygon.
        """
        for part in self.parts:
            left, top = (max(0, -int(edge)) for edge in np.floor(part.min(axis=0)))
            right, bottom = (
                min(max(int(edge) + 1, 0), limit)
                for edge, limit in zip(np.ceil(part.max(axis=0)), mask.shape[::-1], strict=True)
            )
            if not right or not bottom:
                continue
            corners = (part + np.array([left, top], np.float64)).ravel().tolist()
            runs = coco_mask.frPyObjects([corners], top + bottom, left + right)
            mask[:bottom, :right] |= coco_mask.decode(runs)[top:, left:, 0]

    def flat(self) -> list[Part]:
        """float32 [2p] of each part: x and y in turn, as COCO writes them."""
        return [part.ravel() for part in self.parts]


def polygon_part(numbers: Sequence[float], size: tuple[int, int]) -> Part | None:
    """x and y in turn -> a part; None if they are not one: fewer than three corners (COCO's tools
    would take two for a box), no numbers, or further off the image than it is large."""
    if len(numbers) < 6 or len(numbers) % 2:
        return None
    part = np.array(numbers, np.float32).reshape(-1, 2)
    largest = max(size)
    if not math.isfinite(part.sum()) or part.min() < -largest or part.max() > 2 * largest:
        return None
    return part
