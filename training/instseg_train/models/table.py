"""The models by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from instseg.errors import InvalidArgument
from instseg_train.models import cascade_mask_rcnn, mask_rcnn, mask_rtdetr, ppyoloe_seg, solov2
from instseg_train.models.segmenter import Segmenter


@dataclass(frozen=True)
class ModelRow:
    """One model: its family, the function that builds it, and its sizes as plain data."""

    family: str
    build: Callable[..., Segmenter]
    sizes: Mapping[str, Any] = field(default_factory=dict)


SCALES = ("width", "depth")

MODELS: dict[str, ModelRow] = {
    **{
        name: ModelRow("cascade_mask_rcnn", cascade_mask_rcnn.build, sizes)
        for name, sizes in cascade_mask_rcnn.SIZES.items()
    },
    **{
        name: ModelRow("mask_rcnn", mask_rcnn.build, sizes)
        for name, sizes in mask_rcnn.SIZES.items()
    },
    **{
        name: ModelRow("mask_rtdetr", mask_rtdetr.build, sizes)
        for name, sizes in mask_rtdetr.SIZES.items()
    },
    **{
        name: ModelRow("ppyoloe_seg", ppyoloe_seg.build, sizes)
        for name, sizes in ppyoloe_seg.SIZES.items()
    },
    **{name: ModelRow("solov2", solov2.build, sizes) for name, sizes in solov2.SIZES.items()},
}


def build_model(
    name: str, num_classes: int = 80, *, from_scratch: bool = False, **scale: float
) -> Segmenter:
    """The model with this official name, randomly initialised, in training mode.

    num_classes   counts foreground classes
    from_scratch  everything learns; official models keep the first layers and the norms of the
                  backbone as they are, and need pretrained weights there
    scale         `width` and `depth`: multipliers (1.0: the official size) of channels and of
                  blocks, for small variants

    Raises InvalidArgument for unknown
    names and scales, class counts below 1, and multipliers that are not positive numbers.
    """
    if name not in MODELS:
        raise InvalidArgument(f"no model is named {name!r}; the models are {', '.join(MODELS)}")
    if not isinstance(num_classes, int) or num_classes < 1:
        raise InvalidArgument(f"num_classes is {num_classes!r}; give a whole number of at least 1")
    for key, value in scale.items():
        if key not in SCALES:
            raise InvalidArgument(f"no scale is named {key!r}; give {' or '.join(SCALES)}")
        if not 0 < value < math.inf:
            raise InvalidArgument(f"{key} is {value}; give a positive multiplier")
    row = MODELS[name]
    model = row.build(num_classes, **row.sizes, from_scratch=from_scratch, **scale)
    model.name, model.family, model.num_classes = name, row.family, num_classes
    model.from_scratch, model.scale = from_scratch, scale
    return model
