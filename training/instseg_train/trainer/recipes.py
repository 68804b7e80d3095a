"""How each family is trained: optimiser, schedule, average of the weights.

Numbers are those of PaddleDetection's configurations of the 15 models; milestones are parts of the
run, so that they follow the number of epochs.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from instseg_train.models.table import MODELS


@dataclass(frozen=True)
class Recipe:
    """optimizer     `momentum`: SGD with momentum 0.9 and L2 decay; `adamw`: decoupled decay
    weight_decay    of all parameters but those of norms (which have a regularizer of their own)
    schedule        `steps`: the rate falls to a tenth at each milestone; `cosine`: see `cosine_end`
    milestones      parts of the run
    cosine_end      the part of the run, beyond its end, at which the cosine would reach 0
    warmup_start    the rate's first value, as a part of the base rate
    clip_norm       largest global norm of the gradients; None: not clipped
    ema_decay       of the running average of the weights; None: no average
    ema_ramp        how the decay rises: `exponential` d(1 - exp(-(t + 1) / 2000)), or `threshold`
                    min(d, (1 + t) / (10 + t))
    """

    optimizer: Literal["momentum", "adamw"]
    weight_decay: float
    schedule: Literal["steps", "cosine"] = "steps"
    milestones: tuple[float, ...] = ()
    cosine_end: float = 1.0
    warmup_start: float = 0.001
    clip_norm: float | None = None
    ema_decay: float | None = None
    ema_ramp: Literal["exponential", "threshold"] = "threshold"


_ONE_X = (8 / 12, 11 / 12)
_RCNN = Recipe("momentum", 1e-4, milestones=_ONE_X)

FAMILY_RECIPES: Mapping[str, Recipe] = {
    "mask_rtdetr": Recipe("adamw", 1e-4, clip_norm=0.1, ema_decay=0.9999, ema_ramp="exponential"),
    "ppyoloe_seg": Recipe(
        "momentum",
        5e-4,
        schedule="cosine",
        cosine_end=96 / 80,
        warmup_start=0.0,
        ema_decay=0.9998,
    ),
    "solov2": Recipe("momentum", 1e-4, milestones=_ONE_X, warmup_start=0.0),
    "mask_rcnn": _RCNN,
    "cascade_mask_rcnn": replace(_RCNN, clip_norm=35.0),
}
# Models that differ from their family.
MODEL_RECIPES: Mapping[str, Recipe] = {
    "MaskRCNN-ResNeXt101-vd-FPN": replace(_RCNN, milestones=(16 / 24, 22 / 24), warmup_start=0.1),
}


def recipe_of(model: str) -> Recipe:
    """The recipe of a model of the table."""
    return MODEL_RECIPES.get(model) or FAMILY_RECIPES[MODELS[model].family]
