"""Results as LabelMe annotations, to correct by hand or to train on."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from instseg.errors import InvalidArgument
from instseg.http_client import is_web_address

if TYPE_CHECKING:
    from instseg.result import Result

# LabelMe warns when it opens files of another major version.
LABELME_VERSION = "5.5.0"

_Points = list[tuple[float, float]]


def to_labelme(result: Result, folder: Path | None) -> dict[str, Any]:
    """The content of a LabelMe file; see `Result.to_labelme`.

    folder  where the file will lie: imagePath is relative to it; None: the image's name alone
    """
    if result.error is not None:
        raise InvalidArgument(f"There are no annotations of a failed result: {result.error}")
    shapes = []
    for number, (label, score, parts) in enumerate(
        zip(result.labels, result.scores.tolist(), result.masks.polygons(), strict=True)
    ):
        shapes += [
            {
                "label": label,
                "score": score,
                "points": [list(point) for point in _outline(rings)],
                "group_id": number if len(parts) > 1 else None,
                "description": "",
                "shape_type": "polygon",
                "flags": {},
                "mask": None,
            }
            for rings in parts
        ]
    height, width = result.image_size
    return {
        "version": LABELME_VERSION,
        "flags": {},
        "shapes": shapes,
        "imagePath": _image_path(result.source, folder),
        "imageData": None,
        "imageHeight": int(height),
        "imageWidth": int(width),
    }


def _image_path(source: str | None, folder: Path | None) -> str:
    """With forward slashes, as LabelMe writes them."""
    if source is None:
        return ""
    if is_web_address(source):
        return Path(source.split("?")[0]).name
    if folder is None:
        return Path(source).name
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:  # another drive
        return Path(source).absolute().as_posix()


def _outline(rings: Sequence[NDArray[np.int32]]) -> _Points:
    """One ring around a part, holes left out: each hole is joined to what lies left of it.

    rings  the exterior, then the holes, as `Mask.polygons` gives them: int32 [m, 2]

    The bridge is a cut of no width through the middle of the row of pixels left of the upper end of
    the hole's leftmost side, there and back again; those pixels are foreground, so it crosses
    nothing. The area, and what filling by either rule gives, stay those of the part.
    """
    holes = [_turned(hole) for hole in rings[1:]]
    bridges = _bridges([rings[0], *holes])
    # A bridge ends at the exterior or at a hole that begins farther left; so from the rightmost
    # hole on, all that hangs on a hole is known before the hole itself is walked.
    detours: dict[int, _Points] = {}
    for number in sorted(range(1, len(rings)), key=lambda i: -int(holes[i - 1][0, 0])):
        hole = holes[number - 1]
        x, y = hole[0].tolist()
        start = (float(x), y + 0.5)
        way_round = _walk(np.roll(hole, -1, axis=0), bridges.get(number, []), detours, shift=1)
        detours[number] = [start, *way_round, start]
    return _walk(rings[0], bridges.get(0, []), detours, shift=0)


def _turned(hole: NDArray[np.int32]) -> NDArray[np.int32]:
    """Begins at the upper end of its topmost leftmost side; the lower end is the second vertex
    (holes run counter-clockwise as seen on a screen)."""
    first = int(np.lexsort((hole[:, 1], hole[:, 0]))[0])
    return np.roll(hole, -first, axis=0)


# Where a hole's bridge ends: (the side's first vertex, row, x, the hole's number).
_Bridge = tuple[int, float, float, int]


def _bridges(rings: Sequence[NDArray[np.int32]]) -> dict[int, list[_Bridge]]:
    """For each ring (0 is the exterior) the bridges that end at it."""
    ends = [np.roll(ring, -1, axis=0) for ring in rings]
    x = np.concatenate([ring[:, 0] for ring in rings])
    top = np.concatenate([np.minimum(r[:, 1], e[:, 1]) for r, e in zip(rings, ends, strict=True)])
    low = np.concatenate([np.maximum(r[:, 1], e[:, 1]) for r, e in zip(rings, ends, strict=True)])
    ring_of = np.concatenate([np.full(len(ring), i) for i, ring in enumerate(rings)])
    first_of = np.cumsum([0, *(len(ring) for ring in rings)])
    out: dict[int, list[_Bridge]] = {}
    for number in range(1, len(rings)):
        hole_x, hole_y = rings[number][0].tolist()
        # The nearest vertical side to the left that passes this row of pixels.
        in_row = np.flatnonzero((top <= hole_y) & (hole_y < low) & (x < hole_x))
        side = int(in_row[np.argmax(x[in_row])])
        ring = int(ring_of[side])
        vertex = side - int(first_of[ring])
        out.setdefault(ring, []).append((vertex, hole_y + 0.5, float(x[side]), number))
    return out


def _walk(
    ring: NDArray[np.int32], bridges: Sequence[_Bridge], detours: dict[int, _Points], shift: int
) -> _Points:
    """The ring's vertices with a detour around each hole on the way.

    shift  how many vertices were moved from the ring's front to its end since `bridges` were found
    """
    of_side: dict[int, list[_Bridge]] = {}
    for bridge in bridges:
        of_side.setdefault((bridge[0] - shift) % len(ring), []).append(bridge)
    points: _Points = []
    vertices = [(float(x), float(y)) for x, y in ring.tolist()]
    for i, vertex in enumerate(vertices):
        points.append(vertex)
        upwards = vertices[(i + 1) % len(vertices)][1] < vertex[1]
        for _, row, x, hole in sorted(of_side.get(i, []), reverse=upwards):
            points += [(x, row), *detours[hole], (x, row)]
    return points
