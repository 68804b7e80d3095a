"""Results as JSON: our schema, PaddleX's shape, and COCO's results format."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from instseg.errors import InvalidArgument

if TYPE_CHECKING:
    from instseg.result import Result

SCHEMA = "instseg-result"
# Goes up when a field changes its meaning or goes away; new fields may come without.
SCHEMA_VERSION = 1
MASK_FORMATS = ("rle", "polygon", "dense")


def to_dict(result: Result, mask_format: str) -> dict[str, Any]:
    """Plain Python data. Raises InvalidArgument for an unknown mask format."""
    if mask_format not in MASK_FORMATS:
        raise InvalidArgument(
            f"mask_format={mask_format!r} is unknown; expected one of {', '.join(MASK_FORMATS)}."
        )
    if mask_format == "dense":
        return _paddlex_dict(result)
    masks = _rle_masks(result) if mask_format == "rle" else _polygon_masks(result)
    areas = result.masks.areas().tolist()
    height, width = result.image_size
    return {
        "schema": SCHEMA,
        "schema_version": SCHEMA_VERSION,
        "model": result.model_name,
        "source": result.source,
        "page_index": result.page_index,
        "time_s": result.time_s,
        "image_height": int(height),
        "image_width": int(width),
        "mask_format": mask_format,
        "timings_ms": {
            stage.removesuffix("_ms"): round(float(ms), 3) for stage, ms in result.timings.items()
        },
        "error": None if result.error is None else str(result.error),
        "instances": [
            {
                "class_id": class_id,
                "label": label,
                "score": score,
                "box": box,
                "area": area,
                "mask": mask,
            }
            for class_id, label, score, box, area, mask in zip(
                result.class_ids.tolist(),
                result.labels,
                result.scores.tolist(),
                result.boxes.tolist(),
                areas,
                masks,
                strict=True,
            )
        ],
    }


def to_json(result: Result, mask_format: str) -> str:
    """One line for machines; non-ASCII letters are kept as they are.

    Bytes of a path that are no text become escapes (\\udc80), so that the text can be encoded.
    """
    text = json.dumps(to_dict(result, mask_format), ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def to_coco(
    result: Result,
    image_id: int | str,
    category_ids: Mapping[int, int] | Sequence[int] | None,
) -> list[dict[str, Any]]:
    """Entries of a COCO results file, as `COCO.loadRes` reads them."""
    entries = []
    for class_id, score, box, rle in zip(
        result.class_ids.tolist(),
        result.scores.tolist(),
        result.boxes.tolist(),
        result.masks.rle(),
        strict=True,
    ):
        x1, y1, x2, y2 = box
        entries.append(
            {
                "image_id": image_id,
                "category_id": _category_id(class_id, category_ids),
                "bbox": [x1, y1, x2 - x1, y2 - y1],
                "score": score,
                "segmentation": dict(rle),
            }
        )
    return entries


def _category_id(class_id: int, category_ids: Mapping[int, int] | Sequence[int] | None) -> int:
    if category_ids is None:
        return class_id
    try:
        return int(category_ids[class_id])
    except (KeyError, IndexError) as error:
        raise InvalidArgument(f"category_ids has no entry for class id {class_id}.") from error


def _rle_masks(result: Result) -> list[dict[str, Any]]:
    return [dict(rle) for rle in result.masks.rle()]


def _polygon_masks(result: Result) -> list[list[dict[str, Any]]]:
    """Per mask a list of parts, each {"exterior": [[x, y], ...], "holes": [[[x, y], ...], ...]}."""
    return [
        [
            {"exterior": rings[0].tolist(), "holes": [ring.tolist() for ring in rings[1:]]}
            for rings in parts
        ]
        for parts in result.masks.polygons()
    ]


def _paddlex_dict(result: Result) -> dict[str, Any]:
    """PaddleX's JSON of a box family: keys, nesting and crops as its `save_to_json` writes them.

    Mask i covers rows round(y1)..round(y2) and columns round(x1)..round(x2) of the image, rounded
    half to even. `schema_version` and `error` are ours.
    """
    boxes = [
        {"cls_id": class_id, "label": label, "score": score, "coordinate": box}
        for class_id, label, score, box in zip(
            result.class_ids.tolist(),
            result.labels,
            result.scores.tolist(),
            result.boxes.tolist(),
            strict=True,
        )
    ]
    masks = []
    for box, mask in zip(result.boxes.tolist(), result.masks, strict=True):
        x1, y1, x2, y2 = (round(edge) for edge in box)
        masks.append(mask.bitmap()[y1:y2, x1:x2].astype("uint8").tolist())
    return {
        "schema_version": SCHEMA_VERSION,
        "input_path": result.source,
        "page_index": result.page_index,
        "boxes": boxes,
        "masks": masks,
        "error": None if result.error is None else str(result.error),
    }
