"""Polygons of one annotation."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from instseg_train.dataset_tools.check.crossing import first_crossing
from instseg_train.dataset_tools.check.place import Place
from instseg_train.dataset_tools.json_file import is_number
from instseg_train.dataset_tools.problems import quoted

EDGE_TOLERANCE = 1.0
"""Pixels that outlines and boxes may lie beyond the image's edge: pixel centres or corners."""

Points = npt.NDArray[np.float64]


def check_polygons(parts: list[Any], size: tuple[int, int], place: Place) -> list[Points] | None:
    """[p, 2] of x, y of each part; None where one cannot be drawn.

    size: height, width
    """
    if not parts:
        place.add("segmentation-empty", "segmentation", "the list is empty")
        return None
    if all(is_number(value) for value in parts):
        message = "the list holds numbers; a list of polygons, each a list, is expected"
        place.add("segmentation-type", "segmentation", message)
        return None
    read = [
        _check_part(part, size, place, f"segmentation[{index}]") for index, part in enumerate(parts)
    ]
    good = [points for points in read if points is not None]
    return good if len(good) == len(parts) else None


def _check_part(part: Any, size: tuple[int, int], place: Place, where: str) -> Points | None:
    if not isinstance(part, list):
        place.add("polygon-type", where, f"it is {quoted(part)}")
        return None
    for index, value in enumerate(part):
        if not is_number(value):
            place.add("polygon-type", f"{where}[{index}]", f"it is {quoted(value)}")
            return None
    if len(part) % 2:
        place.add("polygon-odd", where, f"it has {len(part)} numbers")
        return None
    if len(part) < 6:
        place.add("polygon-short", where, f"it has {len(part) // 2} points: {quoted(part)}")
        return None
    points = np.asarray(part, np.float64).reshape(-1, 2)
    if not _inside(points, size, place, where):
        return None
    if _flat(points):
        place.add("polygon-flat", where, f"its {len(points)} points lie on one line")
        return None
    crossing = first_crossing(points)
    if crossing is not None:
        sides = " and ".join(_side(points, index) for index in crossing)
        place.add("polygon-crosses-itself", where, f"sides {sides} cross")
    return points


def _inside(points: Points, size: tuple[int, int], place: Place, where: str) -> bool:
    """False where nothing of it can be drawn."""
    height, width = size
    (x1, y1), (x2, y2) = points.min(0).tolist(), points.max(0).tolist()
    extent = f"x {x1:.6g} to {x2:.6g}, y {y1:.6g} to {y2:.6g}, image of {width} x {height}"
    if x1 >= width or y1 >= height or x2 <= 0 or y2 <= 0:
        place.add("polygon-outside", where, extent)
        return False
    # What lies farther out than the image is large is no slip of the hand.
    if x1 < -width or y1 < -height or x2 > 2 * width or y2 > 2 * height:
        place.add("polygon-outside", where, extent)
        return False
    slack = EDGE_TOLERANCE
    if x1 < -slack or y1 < -slack or x2 > width + slack or y2 > height + slack:
        place.add("polygon-crosses-edge", where, extent)
    return True


def _flat(points: Points) -> bool:
    """All points on one line."""
    apart = points - points[0]
    far = apart[int(np.argmax((apart**2).sum(1)))]
    length = float(np.hypot(*far))
    if length == 0:
        return True
    distance = np.abs(apart[:, 0] * far[1] - apart[:, 1] * far[0]) / length
    return float(distance.max()) < 1e-6


def _side(points: Points, index: int) -> str:
    (x1, y1), (x2, y2) = points[index].tolist(), points[(index + 1) % len(points)].tolist()
    return f"{index} ({x1:g},{y1:g} to {x2:g},{y2:g})"
