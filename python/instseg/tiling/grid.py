"""Where the tiles of a large image lie."""

import math
import numbers
from dataclasses import dataclass
from typing import Any, NamedTuple

from instseg.errors import InvalidArgument
from instseg.predict_options import check_count

DEFAULT_OVERLAP = 0.2


class Tile(NamedTuple):
    """A rectangle of whole pixels inside the image."""

    x: int
    y: int
    width: int
    height: int

    def contains(self, x1: float, y1: float, x2: float, y2: float) -> bool:
        """Whether a rectangle, given by its edges, lies inside."""
        return (
            self.x <= x1
            and self.y <= y1
            and x2 <= self.x + self.width
            and y2 <= self.y + self.height
        )


@dataclass(frozen=True)
class Tiling:
    """How an image is cut up.

    height, width    of a tile in pixels
    overlap_y, _x    pixels that neighbours share at least, down and across; at most half a tile
    """

    height: int
    width: int
    overlap_y: int
    overlap_x: int


def check_tiling(tile: Any, overlap: Any) -> Tiling | None:
    """What the caller asks for; None for no tiles.

    tile     None, side in pixels, or (height, width)
    overlap  fraction of the tile (float, above 0 and at most 0.5) or pixels (int, from 1 to half a
             tile)

    Raises InvalidArgument.
    """
    if tile is None:
        return None
    sides = tile if isinstance(tile, tuple | list) else (tile, tile)
    if len(sides) != 2:
        raise InvalidArgument(f"tile={tile!r}; expected a side in pixels or (height, width).")
    height, width = (check_count("tile", side) for side in sides)
    if min(height, width) < 2:
        raise InvalidArgument(f"tile={tile!r}; expected at least 2 pixels a side.")
    return Tiling(height, width, _overlap(overlap, height), _overlap(overlap, width))


def tiles_of(image_height: int, image_width: int, tiling: Tiling) -> list[Tile]:
    """The tiles of an image, row after row: together they cover it, and none reaches beyond it.

    As few as the overlap allows, spaced evenly, all of one size. An image that is no larger than a
    tile in one direction is not cut in that direction.
    """
    height, width = min(tiling.height, image_height), min(tiling.width, image_width)
    return [
        Tile(x, y, width, height)
        for y in _starts(image_height, height, tiling.overlap_y)
        for x in _starts(image_width, width, tiling.overlap_x)
    ]


def _starts(length: int, side: int, overlap: int) -> list[int]:
    if length <= side:
        return [0]
    count = math.ceil((length - overlap) / (side - overlap))
    return [i * (length - side) // (count - 1) for i in range(count)]


def _overlap(overlap: Any, side: int) -> int:
    """Pixels. Without any that two tiles share, nobody can tell which parts belong together."""
    is_number = isinstance(overlap, numbers.Real) and not isinstance(overlap, bool)
    if is_number and isinstance(overlap, numbers.Integral):
        pixels = int(overlap)
    elif is_number and 0 < overlap <= 0.5:
        pixels = min(math.ceil(overlap * side), side // 2)
    else:
        pixels = 0
    if not 1 <= pixels <= side // 2:
        raise InvalidArgument(
            f"overlap={overlap!r} does not fit tiles of {side} pixels; expected a fraction above 0 "
            f"and up to 0.5, or from 1 to {side // 2} pixels (an int). It should exceed the size "
            "of small objects."
        )
    return pixels
