"""Some of a result's instances, by class, size, score or place."""

from __future__ import annotations

import math
import numbers
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from instseg.distinct import distinct
from instseg.errors import InvalidArgument
from instseg.mask_places import centroids
from instseg.masks import Masks

if TYPE_CHECKING:
    from instseg.result import Result


def select(
    result: Result,
    *,
    classes: Iterable[str | int] | str | int | None,
    min_area: float | None,
    max_area: float | None,
    min_score: float | None,
    region: Any,
    max_overlap: float | None,
) -> Result:
    """See `Result.select`. Raises InvalidArgument."""
    limits = {
        "min_area": min_area,
        "max_area": max_area,
        "min_score": min_score,
        "max_overlap": max_overlap,
    }
    for name, limit in limits.items():
        if limit is not None:
            _check_limit(name, limit)
    keep = np.ones(len(result), np.bool_)
    if classes is not None:
        keep &= _of_classes(result, classes)
    areas = result.masks.areas()
    if min_area is not None:
        keep &= areas >= min_area
    if max_area is not None:
        keep &= areas <= max_area
    if min_score is not None:
        # Compared as float32, so that a score equals itself whatever type it went through.
        keep &= result.scores >= np.float32(min_score)
    if region is not None:
        keep &= _inside(centroids(result), region)
    if max_overlap is not None and not 0 <= max_overlap <= 1:
        raise InvalidArgument(f"max_overlap={max_overlap!r}; expected a number from 0 to 1.")
    chosen = _taken(result, np.flatnonzero(keep))
    if max_overlap is None:
        return chosen
    return _taken(chosen, np.flatnonzero(distinct(chosen, max_overlap)))


def _taken(result: Result, kept: NDArray[np.intp]) -> Result:
    """The instances at these positions."""
    return replace(
        result,
        boxes=result.boxes[kept],
        scores=result.scores[kept],
        class_ids=result.class_ids[kept],
        labels=[result.labels[i] for i in kept],
        masks=Masks([result.masks[int(i)] for i in kept], result.masks.image_size),
    )


def _check_limit(name: str, limit: Any) -> None:
    is_number = isinstance(limit, numbers.Real) and not isinstance(limit, bool)
    if not is_number or math.isnan(limit):
        raise InvalidArgument(f"{name}={limit!r}; expected a number.")


def _of_classes(result: Result, classes: Iterable[str | int] | str | int) -> NDArray[np.bool_]:
    given = [classes] if isinstance(classes, str | numbers.Integral) else classes
    if not isinstance(given, Iterable):
        raise InvalidArgument(
            f"classes={classes!r} is of type {type(classes).__name__}; expected names or ids."
        )
    names: set[str] = set()
    ids: set[int] = set()
    for entry in given:
        if isinstance(entry, str):
            names.add(entry)
        elif isinstance(entry, numbers.Integral) and not isinstance(entry, bool):
            ids.add(int(entry))
        else:
            raise InvalidArgument(f"A class cannot be {entry!r}; expected a name or an id.")
    kept = [
        label in names or class_id in ids
        for label, class_id in zip(result.labels, result.class_ids.tolist(), strict=True)
    ]
    return np.array(kept, np.bool_)


def _inside(points: NDArray[np.float32], region: Any) -> NDArray[np.bool_]:
    """Whether each point lies in a box (x1, y1, x2, y2) or a polygon [m, 2]."""
    message = (
        f"region={region!r}; expected a box (x1, y1, x2, y2) with x1 <= x2 and y1 <= y2, or a "
        "polygon of three or more points [m, 2]."
    )
    try:
        corners = np.asarray(region, np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(message) from error
    if not np.isfinite(corners).all():
        raise InvalidArgument(message)
    x, y = points.astype(np.float64).T
    if corners.shape == (4,):
        x1, y1, x2, y2 = corners
        if x1 > x2 or y1 > y2:
            raise InvalidArgument(message)
        in_box: NDArray[np.bool_] = (x1 <= x) & (x < x2) & (y1 <= y) & (y < y2)
        return in_box
    if corners.ndim != 2 or corners.shape[1] != 2 or len(corners) < 3:
        raise InvalidArgument(message)
    # Even-odd rule: how many sides a ray to the right crosses; a side holds its upper end only.
    inside = np.zeros(len(points), np.bool_)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay == by:
            continue
        crossed = (ay <= y) != (by <= y)
        inside ^= crossed & (x < ax + (y - ay) * (bx - ax) / (by - ay))
    return inside
