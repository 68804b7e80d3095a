"""What each family does with its training images: one row each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from instseg.errors import InvalidArgument
from instseg_train.data.sample import Sample
from instseg_train.data.transforms.flip import RandomFlip
from instseg_train.data.transforms.rasterise import Rasterise
from instseg_train.data.transforms.resize import Resize

Step = Callable[[Sample, np.random.Generator], Sample]


@dataclass(frozen=True)
class Recipe:
    """From the sample as read to the batch.

    steps       of each sample, in order
    mean, std   of each channel: what the network sees is (x / 255 - mean) / std
    pad_stride  batches are padded with zeros at the right and bottom to its multiples
    polygons    the model takes outlines where the data set has them
    """

    steps: Sequence[Step]
    mean: tuple[float, ...] = (0.0, 0.0, 0.0)
    std: tuple[float, ...] = (1.0, 1.0, 1.0)
    pad_stride: int = 1
    polygons: bool = False


def recipe(model: str, input_size: tuple[int, int] | None = None) -> Recipe:
    """The recipe of a model by its official name."""
    from instseg_train.export.inference_config import FAMILY_CONFIGS
    from instseg_train.models.table import MODELS

    if model not in MODELS:
        raise InvalidArgument(f"no model is named {model!r}; the models are {', '.join(MODELS)}")
    row = FAMILY_CONFIGS[MODELS[model].family]
    size = input_size or row.size
    steps: list[Any] = [
        RandomFlip(),
        Resize([size], keep_ratio=not row.fixed_size, interpolation=row.interpolation),
        Rasterise(),
    ]
    return Recipe(
        steps,
        tuple(row.normalise["mean"]),
        tuple(row.normalise["std"]),
        pad_stride=row.pad_stride or 1,
    )
