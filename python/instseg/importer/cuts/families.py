"""The model families that can be imported: one row each.

A new family is a file with its cut, and a row here. `arch` is what `inference.yml` calls it.
"""

from __future__ import annotations

from dataclasses import dataclass

from instseg.errors import ModelError

from .cut import CutFunction
from .mask_rcnn import cut_mask_rcnn
from .mask_rtdetr import cut_mask_rtdetr
from .ppyoloe_seg import cut_ppyoloe_seg
from .solov2 import cut_solov2


@dataclass(frozen=True)
class Family:
    """name: as in `instseg.json`; arch: as in `inference.yml`; models: for messages."""

    name: str
    arch: str
    models: str
    cut: CutFunction


FAMILIES = (
    Family("mask_rtdetr", "DETR", "Mask-RT-DETR-S, -M, -L, -X and -H", cut_mask_rtdetr),
    Family("mask_rcnn", "RCNN", "Mask R-CNN and Cascade Mask R-CNN", cut_mask_rcnn),
    Family("ppyoloe_seg", "PPYOLOE", "PP-YOLOE_seg-S", cut_ppyoloe_seg),
    Family("solov2", "SOLOv2", "SOLOv2", cut_solov2),
)


def family_of(arch: str) -> Family:
    for family in FAMILIES:
        if family.arch == arch:
            return family
    supported = "; ".join(f"{family.models} (arch: {family.arch})" for family in FAMILIES)
    raise ModelError(f"models of arch {arch!r} cannot be imported; supported are {supported}")
