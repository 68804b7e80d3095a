"""`inference.yml`: what the runtime does before and after the program, as PaddleX writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

DRAW_THRESHOLD = 0.5
NEAREST, LINEAR, CUBIC = 0, 1, 2

_SCALE_BY_255 = {
    "type": "NormalizeImage",
    "mean": [0.0, 0.0, 0.0],
    "std": [1.0, 1.0, 1.0],
    "norm_type": "none",
}
_IMAGENET = {
    "type": "NormalizeImage",
    "is_scale": True,
    "mean": [0.485, 0.456, 0.406],
    "std": [0.229, 0.224, 0.225],
}
_PERMUTE = {"type": "Permute"}


@dataclass(frozen=True)
class FamilyConfig:
    """What `inference.yml` says of a family.

    size          default `target_size`: height, width; with keep_ratio: shorter, longest side
    fixed_size    the program takes images of this size only
    resize_first  Resize stands before NormalizeImage (SOLOv2 resizes what is normalised)
    pad_stride    images are padded to a multiple of it; None: there is no such step
    """

    arch: str
    min_subgraph_size: int
    size: tuple[int, int]
    interpolation: int
    normalise: Mapping[str, Any]
    fixed_size: bool = False
    resize_first: bool = True
    pad_stride: int | None = None


_RCNN = FamilyConfig("RCNN", 40, (800, 1333), CUBIC, _IMAGENET, pad_stride=32)

FAMILY_CONFIGS: dict[str, FamilyConfig] = {
    "mask_rtdetr": FamilyConfig("DETR", 3, (640, 640), CUBIC, _SCALE_BY_255, fixed_size=True),
    "ppyoloe_seg": FamilyConfig("PPYOLOE", 3, (640, 640), CUBIC, _SCALE_BY_255, fixed_size=True),
    "solov2": FamilyConfig(
        "SOLOv2", 60, (800, 1333), LINEAR, _IMAGENET, resize_first=False, pad_stride=32
    ),
    "mask_rcnn": _RCNN,
    "cascade_mask_rcnn": _RCNN,
}
# The C4 model takes images of any size: no padding, which its file says so.
NO_PADDING = -1
UNPADDED_MODELS = ("MaskRCNN-ResNet50",)


def inference_config(
    name: str, family: str, class_names: Sequence[str], size: tuple[int, int]
) -> dict[str, Any]:
    """The content of `inference.yml` for the model `name`, in the order of PaddleX's files."""
    row = FAMILY_CONFIGS[family]
    resize = {
        "type": "Resize",
        "interp": row.interpolation,
        "keep_ratio": not row.fixed_size,
        "target_size": list(size),
    }
    steps: list[Mapping[str, Any]] = [resize, row.normalise]
    if not row.resize_first:
        steps.reverse()
    steps.append(_PERMUTE)
    if row.pad_stride is not None:
        stride = NO_PADDING if name in UNPADDED_MODELS else row.pad_stride
        steps.append({"type": "PadStride", "stride": stride})
    return {
        "mode": "paddle",
        "draw_threshold": DRAW_THRESHOLD,
        "metric": "COCO",
        "use_dynamic_shape": not row.fixed_size,
        "Global": {"model_name": name},
        "arch": row.arch,
        "min_subgraph_size": row.min_subgraph_size,
        "mask": True,
        "Preprocess": [dict(step) for step in steps],
        "label_list": list(class_names),
    }
