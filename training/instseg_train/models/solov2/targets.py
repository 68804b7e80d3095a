"""What SOLOv2's cells should learn (arXiv:1912.04488, "Label assignment").

An object belongs to the levels whose range holds the square root of its box's area. There it is
learnt by the cells under a fifth of its box, moved to the mask's centre of mass; at most 3 x 3.
Numbers are those of PaddleDetection's Gt2Solov2Target, to the rounding.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor

# Square roots of areas in pixels of the network's input that a level holds, both ends included.
RANGES = ((1, 96), (48, 192), (96, 384), (192, 768), (384, 2048))
CENTRE_SHARE = 0.2
MASK_STRIDE = 4

Floats = npt.NDArray[np.floating]
Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class ImageTargets:
    """Of one image, with G cells of all levels, and P pairs of a cell and an object it learns."""

    categories: Ints  # [G], class id + 1, or 0
    cells: Ints  # [P], index among the G cells
    objects: Ints  # [P]
    masks: Tensor | None  # uint8 [n, H / 4, W / 4], 0 or 1; None where P is 0


def image_targets(
    boxes: Tensor, class_ids: Tensor, masks: Tensor, grids: Sequence[int]
) -> ImageTargets:
    """float32 [n, 4] x1 y1 x2 y2, int64 [n], uint8 [n, H, W] with H, W multiples of 4."""
    categories = np.zeros(sum(grid * grid for grid in grids), np.int64)
    nothing = np.zeros(0, np.int64)
    if not boxes.shape[0]:
        return ImageTargets(categories, nothing, nothing, None)
    box = boxes.numpy()
    sides = box[:, 2:] - box[:, :2]  # width, height
    size = np.sqrt(sides[:, 0] * sides[:, 1])
    area, centres = _centres_of_mass(masks)
    image_sides = np.array([masks.shape[2], masks.shape[1]])
    labels = class_ids.numpy().astype(np.int64) + 1

    cells, objects, begin = [], [], 0
    for grid, (least, most) in zip(grids, RANGES, strict=True):
        of_level = np.flatnonzero((size >= least) & (size <= most) & (area > 0))
        half = 0.5 * sides[of_level] * np.float32(CENTRE_SHARE)
        cell, index = _cells(centres[of_level], half, image_sides, grid)
        cells.append(begin + cell)
        objects.append(of_level[index])
        # Where two objects claim a cell, the later one has its category.
        categories[cells[-1]] = labels[objects[-1]]
        begin += grid * grid
    all_cells, all_objects = np.concatenate(cells), np.concatenate(objects)
    shrunk = shrink(masks) if len(all_cells) else None
    return ImageTargets(categories, all_cells, all_objects, shrunk)


def _cells(centres: Floats, half: Floats, image_sides: Ints, grid: int) -> tuple[Ints, Ints]:
    """Centres and half sides [m, 2] x, y -> pairs [P] of a cell (row by row) and an object."""

    def place(points: Floats) -> Ints:
        # Not points * grid: on a cell's edge the two differ by rounding.
        return (points / image_sides // (1.0 / grid)).astype(np.int64)

    middle = place(centres)
    first = np.maximum(np.maximum(place(centres - half), 0), middle - 1)
    last = np.minimum(np.minimum(place(centres + half), grid - 1), middle + 1)
    down, right = (axis.ravel() for axis in np.mgrid[0:3, 0:3])
    x, y = first[:, 0:1] + right, first[:, 1:2] + down  # [m, 9]
    index, which = np.nonzero((x <= last[:, 0:1]) & (y <= last[:, 1:2]))
    return y[index, which] * grid + x[index, which], index


def _centres_of_mass(masks: Tensor) -> tuple[Floats, Floats]:
    """uint8 [n, H, W] -> areas [n] and x, y [n, 2] in float64; (0, 0) of an empty mask."""
    pixels = masks.astype("float32")
    rows, columns = (pixels.sum(axis=axis).numpy().astype(np.float64) for axis in (2, 1))
    area = rows.sum(axis=1)
    moments = np.stack([columns @ np.arange(columns.shape[1]), rows @ np.arange(rows.shape[1])])
    return area, (moments / np.maximum(area, 1)).T


def shrink(masks: Tensor) -> Tensor:
    """uint8 [n, H, W], 0 or 1 -> [n, H / 4, W / 4]: 1 where at least two of the middle four are.

    That is OpenCV's linear resize of bytes by 1 / 4.
    """
    if masks.shape[1] % MASK_STRIDE or masks.shape[2] % MASK_STRIDE:
        raise ValueError(
            f"masks are {masks.shape[1]} x {masks.shape[2]}; both must be multiples of "
            f"{MASK_STRIDE}, as are those of images padded for the network"
        )
    middle = [masks[:, y::MASK_STRIDE, x::MASK_STRIDE] for y in (1, 2) for x in (1, 2)]
    count = middle[0] + middle[1] + middle[2] + middle[3]
    return (count >= paddle.full([], 2, count.dtype)).astype("uint8")
