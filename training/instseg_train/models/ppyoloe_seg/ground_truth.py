"""The objects of a batch, padded to one number per image."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import paddle
from paddle import Tensor


@dataclass(frozen=True)
class PaddedObjects:
    """N images with up to M objects; boxes and class ids of absent ones are 0."""

    boxes: Tensor  # float32 [N, M, 4] x1 y1 x2 y2
    class_ids: Tensor  # int64 [N, M]
    present: Tensor  # float32 [N, M, 1], 1 or 0

    @property
    def most(self) -> int:
        """M"""
        return int(self.boxes.shape[1])


def pad_objects(boxes: Sequence[Tensor], class_ids: Sequence[Tensor]) -> PaddedObjects:
    """Lists of N tensors [n, 4] and [n] -> the padded batch."""
    counts = [int(b.shape[0]) for b in boxes]
    shape = [len(counts), max(counts)]
    padded = paddle.zeros([*shape, 4])
    ids = paddle.zeros(shape, "int64")
    present = paddle.zeros([*shape, 1])
    for image, count in enumerate(counts):
        if count:
            padded[image, :count] = boxes[image]
            ids[image, :count] = class_ids[image].astype("int64")
            present[image, :count] = 1.0
    return PaddedObjects(padded, ids, present)


def shrunk(masks: Tensor, height: int, width: int) -> Tensor:
    """uint8 [n, H, W] -> [n, height, width]: nearest neighbour, the upper left of each cell.

    H and W must be multiples of height and width. Raises ValueError where they are not.
    """
    rows, rest_down = divmod(int(masks.shape[1]), height)
    columns, rest_right = divmod(int(masks.shape[2]), width)
    if rest_down or rest_right or not rows or not columns:
        raise ValueError(
            f"masks are {masks.shape[1]} x {masks.shape[2]}, which is no multiple of the "
            f"prototypes' {height} x {width}; give masks of the size of the network's input"
        )
    return masks[:, ::rows, ::columns]
