"""The mask of one annotation: polygons or run lengths, and what it covers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from pycocotools import mask as coco_mask

from instseg_train.dataset_tools.check.place import Place
from instseg_train.dataset_tools.check.polygons import check_polygons
from instseg_train.dataset_tools.json_file import is_id
from instseg_train.dataset_tools.problems import quoted
from instseg_train.dataset_tools.run_lengths import RunLengthFault, read_counts


@dataclass(frozen=True)
class MaskFacts:
    """rle: COCO's, compressed; area: pixels; extent: x1, y1, x2, y2 of what was drawn, for
    polygons of their points; outline: about how many pixels lie on it."""

    rle: dict[str, Any]
    area: int
    extent: tuple[float, float, float, float]
    outline: float
    polygons: bool


def check_mask(segmentation: Any, size: tuple[int, int], place: Place) -> MaskFacts | None:
    """None where there is no mask to go on with; why is told. size: height, width."""
    if isinstance(segmentation, list):
        return _polygons(segmentation, size, place)
    if isinstance(segmentation, dict):
        return _run_lengths(segmentation, size, place)
    place.add("segmentation-type", "segmentation", f"it is {quoted(segmentation)}")
    return None


def _polygons(parts: list[Any], size: tuple[int, int], place: Place) -> MaskFacts | None:
    points = check_polygons(parts, size, place)
    if points is None:
        return None
    rle = coco_mask.merge(coco_mask.frPyObjects([part.ravel().tolist() for part in points], *size))
    area = int(coco_mask.area(rle))
    if area == 0:
        place.add("mask-empty", "segmentation", "its outline holds no pixel's centre")
        return None
    (x1, y1) = np.min([part.min(0) for part in points], axis=0).tolist()
    (x2, y2) = np.max([part.max(0) for part in points], axis=0).tolist()
    outline = sum(float(np.abs(np.roll(part, -1, axis=0) - part).max(1).sum()) for part in points)
    return MaskFacts(rle, area, (x1, y1, x2, y2), outline, True)


def _run_lengths(rle: dict[str, Any], size: tuple[int, int], place: Place) -> MaskFacts | None:
    height, width = size
    for key in ("size", "counts"):
        if key not in rle:
            place.add("segmentation-type", "segmentation", f"run lengths without {key!r}")
            return None
    own = rle["size"]
    if not isinstance(own, list) or len(own) != 2 or not all(is_id(side) for side in own):
        message = f"it is {quoted(own)}, not [height, width]"
        place.add("segmentation-type", "segmentation.size", message)
        return None
    if own != [height, width]:
        swapped = "; height and width are swapped" if own == [width, height] else ""
        message = f"[height, width] is {quoted(own)}, the image has [{height}, {width}]{swapped}"
        place.add("rle-size", "segmentation.size", message)
        return None
    try:
        runs = read_counts(rle["counts"], height * width)
    except RunLengthFault as fault:
        place.add(fault.code, "segmentation.counts", str(fault))
        return None
    plain = {"size": own, "counts": runs.astype(np.uint32).tolist()}
    packed = coco_mask.frPyObjects(plain, height, width)
    area = int(coco_mask.area(packed))
    if area == 0:
        place.add("mask-empty", "segmentation.counts", "all of it is background")
        return None
    x, y, w, h = coco_mask.toBbox(packed).tolist()
    # Each column that a run begins or ends in has a pixel of the outline there.
    outline = float(len(runs) + 2 * w)
    return MaskFacts(packed, area, (x, y, x + w, y + h), outline, False)
