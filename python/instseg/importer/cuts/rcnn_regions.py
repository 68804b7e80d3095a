"""What a head of Mask R-CNN pools from the feature maps.

    boxes [R,4] -> distribute_fpn_proposals -> roi_align, one per level -> concat -> gather -> head

With one level (C4) it is one `roi_align`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from instseg.errors import ModelError

from ..ir.graph import Node, Value
from .cut import Trail


@dataclass(frozen=True)
class Regions:
    """Pooled features of boxes.

    features  [R,C,h,w], what the head takes, in the order of `boxes`
    maps      [N,C,H,W] per level, finest first
    boxes     [R,4] in pixels of the network's input
    pooling   the object of instseg.json that says how
    levels    how a box finds its level, None with one level
    """

    features: Value
    maps: list[Value]
    boxes: Value
    pooling: dict[str, Any]
    levels: dict[str, Any] | None


def find_regions(trail: Trail, head: Value) -> Regions:
    """`head` is any value that the head computes."""
    nodes = trail.ancestors(head, stop="roi_align distribute_fpn_proposals")
    aligns = [node for node in nodes if node.op == "roi_align"]
    if not aligns:
        raise ModelError(f"the program is no {trail.family}: {head.name} has no 'roi_align'")
    if len(aligns) == 1:
        only = aligns[0]
        return Regions(only.output, [only.input(0)], only.input(1), _pooling(aligns), None)
    joined = trail.consumer(aligns[0].output, "concat")
    ordered = [trail.producers.get(value) for value in joined.inputs[:-1] if value is not None]
    restored = trail.consumer(joined.output, "gather")
    distribution = trail.back(aligns[0].input(1), "distribute_fpn_proposals")
    count = len(aligns)
    fits = (
        ordered == aligns
        and distribution.outputs[:count] == [align.input(1) for align in aligns]
        and restored.input(1) is distribution.outputs[-1]
        and len(distribution.outputs) in (count + 1, 2 * count + 1)
    )
    if not fits:
        raise ModelError(f"{distribution.describe()}: one 'roi_align' per level expected")
    attrs = distribution.attrs
    levels = {
        "min_level": int(attrs["min_level"]),
        "max_level": int(attrs["max_level"]),
        "refer_level": int(attrs["refer_level"]),
        "refer_scale": int(attrs["refer_scale"]),
        "pixel_offset": bool(attrs["pixel_offset"]),
    }
    if levels["max_level"] - levels["min_level"] + 1 != count:
        raise ModelError(f"{distribution.describe()}: {count} levels expected")
    maps = [align.input(0) for align in aligns]
    return Regions(restored.output, maps, distribution.input(0), _pooling(aligns), levels)


def _pooling(aligns: list[Node]) -> dict[str, Any]:
    attrs = aligns[0].attrs
    same = ("pooled_height", "pooled_width", "sampling_ratio", "aligned")
    if any(align.attrs[name] != attrs[name] for align in aligns for name in same):
        raise ModelError(f"{aligns[0].describe()}: levels that are pooled differently")
    return {
        "height": int(attrs["pooled_height"]),
        "width": int(attrs["pooled_width"]),
        "sampling_ratio": int(attrs["sampling_ratio"]),
        "aligned": bool(attrs["aligned"]),
        "spatial_scales": [float(align.attrs["spatial_scale"]) for align in aligns],
    }
