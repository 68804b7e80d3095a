"""The box and the area of one annotation, by themselves and beside its mask."""

from __future__ import annotations

from instseg_train.dataset_tools.check.annotation_file import Entry
from instseg_train.dataset_tools.check.masks import MaskFacts
from instseg_train.dataset_tools.check.place import Place
from instseg_train.dataset_tools.check.polygons import EDGE_TOLERANCE
from instseg_train.dataset_tools.json_file import is_number
from instseg_train.dataset_tools.problems import quoted

_BOX_PIXELS, _BOX_SHARE = 2.0, 0.02
"""An edge may lie this far from the mask's: pixels, or a share of the box's larger side."""
_AREA_SHARE = 0.1
"""Ways of drawing differ by the pixels on the outline, simplified outlines by a few per cent."""


def check_box(entry: Entry, size: tuple[int, int], mask: MaskFacts | None, place: Place) -> None:
    """size: height, width; mask: None where there is none to compare with."""
    height, width = size
    box = entry.get("bbox")
    if box is None:
        place.add("box-missing", "bbox", "there is none")
        return
    if not isinstance(box, list) or len(box) != 4 or not all(is_number(value) for value in box):
        place.add("box-type", "bbox", f"it is {quoted(box)}")
        return
    x, y, w, h = (float(value) for value in box)
    told = f"[{x:g}, {y:g}, {w:g}, {h:g}]"
    if w <= 0 or h <= 0:
        place.add("box-size", "bbox", f"width and height of {told} must be above 0")
        return
    if x >= width or y >= height or x + w <= 0 or y + h <= 0:
        place.add("box-outside", "bbox", f"{told} in an image of {width} x {height}")
        return
    slack = EDGE_TOLERANCE
    if x < -slack or y < -slack or x + w > width + slack or y + h > height + slack:
        place.add("box-crosses-edge", "bbox", f"{told} in an image of {width} x {height}")
        return
    if mask is None:
        return
    tolerance = max(_BOX_PIXELS, _BOX_SHARE * max(w, h))
    # An outline beyond the edge is cut there when it is drawn; boxes may be cut or not.
    limits = (width, height, width, height)
    clipped = [min(max(v, 0.0), limit) for v, limit in zip(mask.extent, limits, strict=True)]
    edges = (x, y, x + w, y + h)
    for edge, own, cut in zip(edges, mask.extent, clipped, strict=True):
        if min(abs(edge - own), abs(edge - cut)) > tolerance:
            x1, y1, x2, y2 = clipped
            message = f"it is {told}, the mask's [{x1:g}, {y1:g}, {x2 - x1:g}, {y2 - y1:g}]"
            place.add("box-misfit", "bbox", message)
            return


def check_area(entry: Entry, mask: MaskFacts | None, place: Place) -> None:
    area = entry.get("area")
    if area is None:
        place.add("area-missing", "area", "there is none")
        return
    if not is_number(area) or area <= 0:
        place.add("area-type", "area", f"it is {quoted(area)}")
        return
    if mask is None:
        return
    if abs(area - mask.area) > _AREA_SHARE * mask.area + mask.outline:
        place.add("area-misfit", "area", f"it is {area:g}, the mask has {mask.area} pixels")
