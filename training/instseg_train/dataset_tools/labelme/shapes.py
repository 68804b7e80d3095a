"""One shape of LabelMe: its outline as a polygon, or its mask.

What shapes mean is LabelMe's (labelme/utils/shape.py): a rectangle has two opposite corners, a
circle its centre and a point on its edge; a mask has the first and the last of its pixels' columns
and rows, and a picture of that size.
"""

from __future__ import annotations

import base64
import binascii
import io
import math
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from instseg_train.dataset_tools.json_file import is_number
from instseg_train.dataset_tools.problems import quoted

WITHOUT_AREA = ("line", "linestrip", "point", "points")
_CIRCLE_ERROR = 0.1
"""Pixels that the polygon of a circle may keep inside of it."""

Bitmap = npt.NDArray[np.bool_]
Points = npt.NDArray[np.float64]


class ShapeFault(ValueError):
    """code: of the problem; the message says what is wrong."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def read_shape(shape: dict[str, Any], size: tuple[int, int]) -> Points | Bitmap:
    """Points [p, 2] of x, y in pixels, or a bitmap [H, W]. Raises ShapeFault.

    size: height, width of the image
    """
    kind = shape.get("shape_type")
    if kind is None:
        kind = "polygon"  # old files leave it out
    if not isinstance(kind, str):
        raise ShapeFault("shape-points", f"shape_type is {quoted(kind)}")
    if kind in WITHOUT_AREA:
        raise ShapeFault("shape-type", f"it is a {kind}")
    if kind not in _READERS:
        raise ShapeFault("shape-type", f"shape_type is {quoted(kind)}")
    points = _points(shape.get("points"))
    if kind == "mask":
        return _mask(points, shape.get("mask"), size)
    return _READERS[kind](points)


def _points(value: Any) -> Points:
    if not isinstance(value, list):
        raise ShapeFault("shape-points", f"points is {quoted(value)}")
    for index, point in enumerate(value):
        if not isinstance(point, list) or len(point) != 2 or not all(map(is_number, point)):
            raise ShapeFault("shape-points", f"points[{index}] is {quoted(point)}, not [x, y]")
    return np.asarray(value, np.float64).reshape(-1, 2)


def _polygon(points: Points) -> Points:
    if len(points) < 3:
        raise ShapeFault("shape-points", f"a polygon of {len(points)} points; it takes 3")
    return points


def _rectangle(points: Points) -> Points:
    if len(points) == 4:  # at an angle
        return points
    if len(points) != 2:
        raise ShapeFault("shape-points", f"a rectangle of {len(points)} points; it takes 2 corners")
    (x1, y1), (x2, y2) = points.min(0).tolist(), points.max(0).tolist()
    return np.asarray([(x1, y1), (x2, y1), (x2, y2), (x1, y2)])


def _circle(points: Points) -> Points:
    if len(points) != 2:
        message = f"a circle of {len(points)} points; it takes its centre and a point on its edge"
        raise ShapeFault("shape-points", message)
    radius = float(np.hypot(*(points[1] - points[0])))
    if radius <= 0:
        raise ShapeFault("shape-points", "a circle of radius 0")
    # A side's middle is nearer to the centre by radius * (1 - cos(pi / sides)).
    cosine = 1 - min(1.0, _CIRCLE_ERROR / radius)
    sides = min(720, max(16, math.ceil(math.pi / max(1e-6, math.acos(cosine)))))
    angles = np.arange(sides) * (2 * math.pi / sides)
    return np.asarray(points[0] + radius * np.stack([np.cos(angles), np.sin(angles)], 1))


_READERS = {"polygon": _polygon, "rectangle": _rectangle, "circle": _circle, "mask": _polygon}


def _mask(points: Points, picture: Any, size: tuple[int, int]) -> Bitmap:
    if len(points) != 2:
        raise ShapeFault("shape-points", f"a mask of {len(points)} points; it takes 2 corners")
    height, width = size
    (x1, y1), (x2, y2) = (tuple(round(value) for value in point) for point in points.tolist())
    if not (0 <= x1 <= x2 < width and 0 <= y1 <= y2 < height):
        message = f"pixels {x1},{y1} to {x2},{y2} in an image of {width} x {height}"
        raise ShapeFault("shape-outside", message)
    crop = _picture(picture, (x2 - x1 + 1, y2 - y1 + 1))
    bitmap = np.zeros(size, np.bool_)
    bitmap[y1 : y2 + 1, x1 : x2 + 1] = crop
    return bitmap


def _picture(encoded: Any, size: tuple[int, int]) -> Bitmap:
    """size: width, height"""
    if not isinstance(encoded, str):
        raise ShapeFault("shape-mask", f"mask is {quoted(encoded)}, not a PNG in base64")
    try:
        data = base64.b64decode(encoded, validate=False)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as picture:
            if picture.size != size:
                raise ShapeFault(
                    "shape-mask",
                    f"the picture has {picture.size[0]} x {picture.size[1]} pixels, the shape "
                    f"{size[0]} x {size[1]}",
                )
            if picture.mode not in ("1", "L"):
                raise ShapeFault("shape-mask", f"the picture is of mode {picture.mode}, not grey")
            return np.asarray(picture).astype(np.bool_)
    except ShapeFault:
        raise
    except (binascii.Error, OSError, ValueError, SyntaxError) as error:
        raise ShapeFault("shape-mask", f"the picture cannot be read: {error}") from error
