"""A batch as a picture: what a model is about to learn from, for people to look at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image

from instseg import Mask, Result
from instseg.drawing import draw_instances
from instseg.masks import Masks
from instseg_train.data.recipes import Recipe
from instseg_train.data.sample import Batch
from instseg_train.data.shapes import Polygons

COLUMNS, MOST = 4, 8


def batch_picture(batch: Batch, recipe: Recipe, class_names: Sequence[str]) -> Image.Image:
    """The first images of a batch side by side, with boxes, masks and names of their objects.

    recipe: the batch's, which says how the images were normalised. Padding is left as it is.
    """
    count = min(MOST, len(batch["image"]))
    pictures = [_picture(batch, index, recipe, class_names) for index in range(count)]
    width, height = pictures[0].size
    columns = min(COLUMNS, len(pictures))
    sheet = Image.new("RGB", (columns * width, -(-len(pictures) // columns) * height))
    for place, picture in enumerate(pictures):
        sheet.paste(picture, (place % columns * width, place // columns * height))
    return sheet


def _picture(batch: Batch, index: int, recipe: Recipe, class_names: Sequence[str]) -> Image.Image:
    image = batch["image"][index].transpose(1, 2, 0)
    levels = 255 * (image * np.array(recipe.std) + np.array(recipe.mean))
    rgb = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    size = (rgb.shape[0], rgb.shape[1])
    classes = batch["gt_class"][index]
    result = Result(
        boxes=batch["gt_bbox"][index],
        scores=np.ones(len(classes), np.float32),
        class_ids=classes.astype(np.int32),
        labels=[class_names[class_id] for class_id in classes],
        masks=Masks([Mask.from_crop(*size, 0, 0, mask) for mask in _masks(batch, index)], size),
        image_size=size,
    )
    return draw_instances(rgb, result)


def _masks(batch: Batch, index: int) -> npt.NDArray[np.uint8]:
    """uint8 [n, H, W], drawn from polygons where the batch has those."""
    masks = batch["gt_segm"][index]
    outlines = batch["gt_poly"][index] if "gt_poly" in batch else None
    if outlines is None:
        return masks
    masks = np.zeros((len(outlines), *masks.shape[1:]), np.uint8)
    for mask, parts in zip(masks, outlines, strict=True):
        Polygons([part.reshape(-1, 2) for part in parts]).draw(mask)
    return masks
