"""What each family does with its training images (PaddleDetection's training readers)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from instseg.errors import InvalidArgument
from instseg_train.data.sample import Sample
from instseg_train.data.transforms.crop import RandomCrop
from instseg_train.data.transforms.distort import RandomDistort
from instseg_train.data.transforms.expand import RandomExpand
from instseg_train.data.transforms.flip import RandomFlip
from instseg_train.data.transforms.rasterise import Rasterise
from instseg_train.data.transforms.resize import (
    AREA,
    CUBIC,
    LANCZOS,
    LINEAR,
    NEAREST,
    RandomResize,
)

Step = Callable[[Sample, np.random.Generator], Sample]
Size = tuple[int, int]

STRIDE = 32
"""The coarsest features have one cell of this many pixels a side."""
LEAST_PIXELS = 128 * 128
"""336 cells in three levels of features."""


@dataclass(frozen=True)
class Steps:
    """own: the chance of each image; shared: after those, with one chance for the whole batch."""

    own: Sequence[Step]
    shared: Sequence[Step] = ()


@dataclass(frozen=True)
class Recipe:
    """From samples as read to the batch.

    mean, std   of each channel: what the network sees is (x / 255 - mean) / std
    pad_stride  batches are padded with zeros at the right and bottom to its multiples
    polygons    the model takes outlines where the data set has them
    """

    steps: Steps
    mean: tuple[float, ...]
    std: tuple[float, ...]
    pad_stride: int
    polygons: bool


def _mask_rtdetr(size: Size) -> Steps:
    return Steps(
        own=[
            RandomDistort(probability=0.8),
            RandomExpand(),
            RandomCrop(probability=0.8),
            RandomFlip(),
        ],
        shared=[
            RandomResize(
                sizes_around(size),
                keep_ratio=False,
                interpolations=(NEAREST, LINEAR, AREA, CUBIC, LANCZOS),
            ),
            Rasterise(),
        ],
    )


def _ppyoloe_seg(size: Size) -> Steps:
    return Steps(
        own=[
            RandomDistort(),
            RandomExpand(),
            RandomCrop(),
            RandomFlip(),
            RandomResize([size], keep_ratio=False, interpolations=(CUBIC,)),
            Rasterise(drop_unseen=True),
        ]
    )


def _rcnn(size: Size) -> Steps:
    return Steps(
        own=[
            RandomResize(shorter_sides(size), keep_ratio=True, interpolations=(CUBIC,)),
            RandomFlip(),
            Rasterise(keep_polygons=True),
        ]
    )


def _solov2(size: Size) -> Steps:
    return Steps(
        own=[
            RandomResize([size], keep_ratio=True, interpolations=(LINEAR,)),
            RandomFlip(),
            Rasterise(),
        ]
    )


STEPS: dict[str, Callable[[Size], Steps]] = {
    "mask_rtdetr": _mask_rtdetr,
    "ppyoloe_seg": _ppyoloe_seg,
    "mask_rcnn": _rcnn,
    "cascade_mask_rcnn": _rcnn,
    "solov2": _solov2,
}
TAKE_POLYGONS = ("mask_rcnn", "cascade_mask_rcnn")


def sizes_around(size: Size) -> list[Size]:
    """A quarter smaller to a quarter larger in steps of 32 pixels, the middle one three times:
    480 to 800 for 640 (13 sizes). None has fewer pixels than Mask-RT-DETR has places to choose
    its 300 queries from, unless `size` itself has."""
    longest = max(size)
    steps = max(1, round(longest / 4 / STRIDE))
    sides = [longest + STRIDE * step for step in range(-steps, steps + 1) if step]
    others = [
        (_to_stride(size[0] * side / longest), _to_stride(size[1] * side / longest))
        for side in sides
    ]
    return sorted([*(other for other in others if _pixels(other) >= LEAST_PIXELS), *[size] * 3])


def shorter_sides(size: Size) -> list[Size]:
    """Six shorter sides from 0.8 to 1.0 of the shorter one, evenly, with the longest side:
    640 to 800 and 1333 for (800, 1333)."""
    return [(round(min(size) * share / 25), max(size)) for share in range(20, 26)]


def _pixels(size: Size) -> int:
    return size[0] * size[1]


def _to_stride(side: float) -> int:
    return max(1, round(side / STRIDE)) * STRIDE


def recipe(model: str, input_size: Size | None = None) -> Recipe:
    """The recipe of a model by its official name.

    input_size  height, width of the network's input; for families that keep the ratio of an image
                (R-CNNs, SOLOv2) its shorter and longest side. Default: the official size.

    Images are normalised and padded as the model's `inference.yml` will say. Raises
    InvalidArgument: an unknown model; sides that a model of fixed size cannot take.
    """
    # Here, because these import Paddle, which worker processes do not need.
    from instseg_train.export.inference_config import FAMILY_CONFIGS, UNPADDED_MODELS
    from instseg_train.models.table import MODELS

    if model not in MODELS:
        raise InvalidArgument(f"no model is named {model!r}; the models are {', '.join(MODELS)}")
    family = MODELS[model].family
    config = FAMILY_CONFIGS[family]
    size = input_size or config.size
    if config.fixed_size and (size[0] % STRIDE or size[1] % STRIDE):
        raise InvalidArgument(
            f"input_size is {size[0]} x {size[1]}; {model} needs multiples of {STRIDE}"
        )
    padded = config.pad_stride is not None and model not in UNPADDED_MODELS
    return Recipe(
        steps=STEPS[family](size),
        mean=tuple(config.normalise["mean"]),
        std=tuple(config.normalise["std"]),
        pad_stride=(config.pad_stride or 1) if padded else 1,
        polygons=family in TAKE_POLYGONS,
    )
