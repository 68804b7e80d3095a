"""Samples -> the arrays a model takes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from instseg_train.data.recipes import Recipe
from instseg_train.data.sample import Batch, Polygons, Sample


def join(samples: Sequence[Sample], recipe: Recipe) -> Batch:
    """Normalises the images and pads images and masks to one size."""
    stride = recipe.pad_stride
    height, width = (
        -(-max(sample.size[axis] for sample in samples) // stride) * stride for axis in (0, 1)
    )
    images = np.zeros((len(samples), 3, height, width), np.float32)
    gain = 1 / (255 * np.array(recipe.std, np.float32))
    offset = -np.array(recipe.mean, np.float32) / np.array(recipe.std, np.float32)
    batch = Batch(
        image=images,
        im_shape=np.array([sample.size for sample in samples], np.float32),
        scale_factor=np.array(
            [np.divide(sample.size, sample.original) for sample in samples], np.float32
        ),
        gt_bbox=[sample.boxes for sample in samples],
        gt_class=[sample.class_ids for sample in samples],
        gt_segm=[_padded(sample, height, width) for sample in samples],
        is_crowd=[sample.crowd.astype(np.int32) for sample in samples],
        image_id=np.array([sample.image_id for sample in samples], np.int64),
    )
    for target, sample in zip(images, samples, strict=True):
        rows, columns = sample.size
        view = target[:, :rows, :columns]
        np.multiply(sample.image.transpose(2, 0, 1), gain[:, None, None], out=view)
        view += offset[:, None, None]
    polygons: list[list[Polygons] | None] = [sample.polygons for sample in samples]
    if recipe.polygons:
        batch["gt_poly"] = polygons
    return batch


def _padded(sample: Sample, height: int, width: int) -> npt.NDArray[np.uint8]:
    if sample.masks is None:
        return np.zeros((0, height, width), np.uint8)
    if sample.size == (height, width):
        return np.ascontiguousarray(sample.masks)
    masks = np.zeros((len(sample), height, width), np.uint8)
    masks[:, : sample.size[0], : sample.size[1]] = sample.masks
    return masks
