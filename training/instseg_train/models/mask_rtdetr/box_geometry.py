"""Boxes as Mask-RT-DETR sees them: centre and size, as fractions of the image."""

from __future__ import annotations

import paddle
from paddle import Tensor

from instseg_train.boxes.overlap import overlap_and_union


def corners(boxes_cxcywh: Tensor) -> Tensor:
    """[..., 4] cx, cy, w, h -> x1, y1, x2, y2."""
    centre, size = paddle.split(boxes_cxcywh, 2, axis=-1)
    return paddle.concat([centre - 0.5 * size, centre + 0.5 * size], axis=-1)


def centre_and_size(boxes: Tensor) -> Tensor:
    """[..., 4] x1, y1, x2, y2 -> cx, cy, w, h."""
    first, last = paddle.split(boxes, 2, axis=-1)
    return paddle.concat([(first + last) / 2, last - first], axis=-1)


def inverse_sigmoid(x: Tensor, epsilon: float = 1e-5) -> Tensor:
    """log(x / (1 - x)) of what is clipped to [0, 1]; both x and 1 - x count as at least epsilon."""
    x = x.clip(0.0, 1.0)
    return paddle.log(x.clip(min=epsilon) / (1 - x).clip(min=epsilon))


def first_boxes(masks: Tensor) -> Tensor:
    """The extent of each mask, which is where its logits are above 0 (arXiv:2206.02777 sec. 3.4).

    float32 logits [N, Q, h, w] -> boxes [N, Q, 4] cx, cy, w, h, from the outer edges of the
    outermost pixels, as fractions of w and h; zeros for an empty mask.
    """
    height, width = masks.shape[2:]
    left, right = _first_and_last(masks.max(axis=2), width)
    top, bottom = _first_and_last(masks.max(axis=3), height)
    edges = paddle.stack([left / width, top / height, right / width, bottom / height], axis=-1)
    return centre_and_size(edges)


def _first_and_last(profile: Tensor, length: int) -> tuple[Tensor, Tensor]:
    """float32 [N, Q, length] -> index of the first entry above 0 and one past the last, float32
    [N, Q]; zeros where there is none."""
    occupied = (profile > 0).astype(profile.dtype)
    steps = paddle.arange(1, length + 1, dtype=profile.dtype)
    last = (occupied * steps).max(axis=-1)
    # Counted from the far end, the first entry is the last; an empty profile gives `length`.
    first = length - (occupied * (length + 1 - steps)).max(axis=-1)
    return first * (last > 0).astype(profile.dtype), last


def box_iou(boxes: Tensor, others: Tensor, epsilon: float = 1e-9) -> Tensor:
    """Intersection over union of x1, y1, x2, y2 [..., 4], broadcast, -> [...]."""
    overlap, union = overlap_and_union(boxes, others)
    return overlap / (union + epsilon)
