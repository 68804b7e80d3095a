"""Puts together what the edges of tiles have cut, and drops what two tiles both found.

Each tile is segmented by itself, so one object gives one *view* per tile that shows it. Two tiles
that overlap show the same pixels in the strip they share. What both say about an object there can
therefore be compared, and should agree, however little of it lies in the strip and however much
each tile shows beside it. That is the difference to comparing whole boxes or masks (non-maximum
suppression or merging as SAHI has it; Akyon et al., Slicing aided hyper inference, 2022): the two
halves of a long object have almost nothing in common as wholes, and two neighbours that touch have
nothing in common at all, in the strip or elsewhere.

1. A view is *cut* if it comes close to an edge of its tile that is not an edge of the image.
2. For every two overlapping tiles and every two views in them of the same class, with a, b = the
   pixels of each view inside the strip: the views *match* if
   * |a and b| / |a or b| >= 0.5: they show the same object; or
   * |a and b| / min(|a|, |b|) >= 0.75, and the view with fewer pixels in the strip is cut: it shows
     a piece of the other one's object. (An arm at the edge of a tile; the legs of a U that only the
     next tile shows to be one thing. A small whole object on top of a large one is not cut.)
3. Matches join views to groups, the best first. A match that would bring two views of one tile
   together that are both not cut is passed over: that tile saw two objects.
4. Each group becomes one instance with its highest score. If a view that is not cut lies in a tile
   that holds the whole group, that view saw everything and the others add nothing: it is taken (of
   several, that of the highest score). Otherwise masks and boxes are united.

A view whose mask is empty takes part with its box instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg._core import Mask
from instseg.tiling.grid import Tile

SAME_IOU = 0.5
PIECE_SHARE = 0.75
# Networks draw masks on a grid several pixels wide, so a mask that is cut may end a little before
# the edge: one in 64 of the tile's side, 10 pixels of a tile of 640.
CUT_MARGIN_PARTS = 64


@dataclass(frozen=True, eq=False)
class View:
    """What one tile shows of an object; everything in pixels of the image.

    box  float32 [4]: x1, y1, x2, y2
    """

    tile: int
    box: NDArray[np.float32]
    score: float
    class_id: int
    mask: Mask


@dataclass(frozen=True, eq=False)
class MergedInstance:
    """A whole object again; box as in View."""

    box: NDArray[np.float32]
    score: float
    class_id: int
    mask: Mask


def merge_views(
    views: Sequence[View], tiles: Sequence[Tile], image_size: tuple[int, int]
) -> list[MergedInstance]:
    """One instance per object, by falling score (equal ones in the order of their first views).

    image_size  (height, width)
    """
    if not views:
        return []
    rects = np.array([_rect(view) for view in views], np.float64)
    cut = np.array(
        [
            _is_cut(rect, tiles[view.tile], image_size)
            for rect, view in zip(rects, views, strict=True)
        ]
    )
    groups = _Groups(views, cut)
    for _, a, b in sorted(_matches(views, tiles, rects, cut)):
        groups.join(a, b)
    merged = [_merge(members, views, tiles, rects, cut) for members in groups.members()]
    return sorted(merged, key=lambda instance: -instance.score)


def _rect(view: View) -> tuple[float, float, float, float]:
    """x1, y1, x2, y2 of the mask's foreground, or of the box where there is none."""
    x, y, width, height = view.mask.extent()
    if width == 0:
        x1, y1, x2, y2 = view.box.tolist()
        return x1, y1, x2, y2
    return x, y, x + width, y + height


def _is_cut(rect: NDArray[np.float64], tile: Tile, image_size: tuple[int, int]) -> bool:
    x1, y1, x2, y2 = rect
    height, width = image_size
    margin_x = max(1, tile.width // CUT_MARGIN_PARTS)
    margin_y = max(1, tile.height // CUT_MARGIN_PARTS)
    right, bottom = tile.x + tile.width, tile.y + tile.height
    return bool(
        (tile.x > 0 and x1 - tile.x < margin_x)
        or (tile.y > 0 and y1 - tile.y < margin_y)
        or (right < width and right - x2 < margin_x)
        or (bottom < height and bottom - y2 < margin_y)
    )


# (rank, view, view): sorts the best match first, then by position.
_Match = tuple[tuple[float, float], int, int]


def _matches(
    views: Sequence[View],
    tiles: Sequence[Tile],
    rects: NDArray[np.float64],
    cut: NDArray[np.bool_],
) -> list[_Match]:
    tile_of = np.array([view.tile for view in views])
    class_ids = np.array([view.class_id for view in views])
    found = []
    for first, second in combinations(np.unique(tile_of).tolist(), 2):
        strip = _shared(tiles[first], tiles[second])
        if strip is None:
            continue
        edges = np.array([strip.x, strip.y, strip.x + strip.width, strip.y + strip.height])
        in_strip = _overlap(rects, edges)
        a = np.flatnonzero(in_strip & (tile_of == first))
        b = np.flatnonzero(in_strip & (tile_of == second))
        near = _overlap(rects[a][:, None], rects[b][None]) & (
            class_ids[a][:, None] == class_ids[b][None]
        )
        for i, j in np.argwhere(near).tolist():
            match = _match(int(a[i]), int(b[j]), strip, views, cut)
            if match is not None:
                found.append(match)
    return found


def _match(
    i: int, j: int, strip: Tile, views: Sequence[View], cut: NDArray[np.bool_]
) -> _Match | None:
    a, b = views[i], views[j]
    if _is_empty(a) or _is_empty(b):
        area_a, area_b = _box_area(strip, a.box), _box_area(strip, b.box)
        common = _box_area(strip, a.box, b.box)
    else:
        area_a, area_b = a.mask.area_inside(*strip), b.mask.area_inside(*strip)
        common = a.mask.intersection_area(b.mask)
    if not common:
        return None
    iou = common / (area_a + area_b - common)
    share = common / min(area_a, area_b)
    piece = i if area_a < area_b else j
    if iou >= SAME_IOU or (share >= PIECE_SHARE and cut[piece]):
        return (-iou, -share), i, j
    return None


class _Groups:
    """Views that show one object."""

    def __init__(self, views: Sequence[View], cut: NDArray[np.bool_]) -> None:
        self._group = list(range(len(views)))
        self._members = {i: [i] for i in range(len(views))}
        # The tiles that show the whole object.
        self._whole = {i: set() if cut[i] else {views[i].tile} for i in range(len(views))}

    def join(self, a: int, b: int) -> None:
        keep, drop = sorted((self._group[a], self._group[b]))
        if keep == drop or self._whole[keep] & self._whole[drop]:
            return
        for i in self._members[drop]:
            self._group[i] = keep
        self._members[keep] += self._members.pop(drop)
        self._whole[keep] |= self._whole.pop(drop)

    def members(self) -> list[list[int]]:
        return [sorted(members) for _, members in sorted(self._members.items())]


def _merge(
    members: Sequence[int],
    views: Sequence[View],
    tiles: Sequence[Tile],
    rects: NDArray[np.float64],
    cut: NDArray[np.bool_],
) -> MergedInstance:
    score = max(views[i].score for i in members)
    class_id = views[members[0]].class_id
    x1, y1 = rects[members, :2].min(axis=0)
    x2, y2 = rects[members, 2:].max(axis=0)
    saw_all = [i for i in members if not cut[i] and tiles[views[i].tile].contains(x1, y1, x2, y2)]
    if saw_all or len(members) == 1:
        view = views[max(saw_all or members, key=lambda i: views[i].score)]
        return MergedInstance(view.box, score, class_id, view.mask)
    boxes = np.stack([views[i].box for i in members])
    box = np.concatenate([boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)])
    return MergedInstance(box, score, class_id, Mask.united([views[i].mask for i in members]))


def _is_empty(view: View) -> bool:
    return view.mask.extent()[2] == 0


def _shared(a: Tile, b: Tile) -> Tile | None:
    x, y = max(a.x, b.x), max(a.y, b.y)
    width = min(a.x + a.width, b.x + b.width) - x
    height = min(a.y + a.height, b.y + b.height) - y
    return Tile(x, y, width, height) if width > 0 and height > 0 else None


def _overlap(a: NDArray[Any], b: NDArray[Any]) -> NDArray[np.bool_]:
    """Whether rectangles share some area."""
    top_left = np.maximum(a[..., :2], b[..., :2])
    bottom_right = np.minimum(a[..., 2:], b[..., 2:])
    smaller: NDArray[np.bool_] = top_left < bottom_right
    return smaller[..., 0] & smaller[..., 1]


def _box_area(strip: Tile, *boxes: NDArray[np.float32]) -> float:
    """Area of the strip's part that lies in all boxes."""
    x1 = max([strip.x, *(float(box[0]) for box in boxes)])
    y1 = max([strip.y, *(float(box[1]) for box in boxes)])
    x2 = min([strip.x + strip.width, *(float(box[2]) for box in boxes)])
    y2 = min([strip.y + strip.height, *(float(box[3]) for box in boxes)])
    return max(0.0, x2 - x1) * max(0.0, y2 - y1)
