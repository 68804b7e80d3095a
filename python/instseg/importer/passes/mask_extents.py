"""First boxes of Mask-RT-DETR: the extent of each mask, found by its rows and columns.

The program multiplies every pixel of every mask [N, Q, h, w] by its column (and row) number and
takes the largest and smallest of what is set. Column x is set where any of its pixels is, so the
same numbers, bit for bit, come from one maximum per column: w numbers instead of h * w. Measured
with OpenVINO on Mask-RT-DETR-L, this saves 2 to 4 % of the network's time.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..ir.dims import static
from ..ir.graph import Array, Node, Value
from ..ir.shape_rules import axis_of, fixed_ints
from .rewriting import Rewriting, Rule, scalar

BOOL = np.dtype(np.bool_)


@dataclass(frozen=True)
class _Numbered:
    """`numbers * (logits > threshold)`: the numbers [length] run along `axis` (2 or 3)."""

    logits: Value
    threshold: Value
    numbers: Array
    axis: int


def largest(node: Node, walk: Rewriting) -> Value | None:
    """max over all pixels of numbers * mask."""
    image = _reduced_image(node, walk)
    numbered = _numbered(image, walk) if image is not None else None
    if numbered is None or numbered.numbers.min() < 0:
        return None
    product = _product(node, walk, _mask_profile(node, walk, numbered), numbered)
    return _reduce(node, walk, product)


def smallest(node: Node, walk: Rewriting) -> Value | None:
    """min over all pixels of where(mask, numbers * mask, limit)."""
    choice = walk.producer(_reduced_image(node, walk), "where")
    if choice is None:
        return None
    numbered, limit = _numbered(choice.input(1), walk), scalar(choice.input(2))
    condition = walk.producer(choice.input(0), "greater_than")
    if numbered is None or limit is None or condition is None:
        return None
    same_mask = condition.input(0) is numbered.logits and scalar(condition.input(1)) == scalar(
        numbered.threshold
    )
    if not same_mask or numbered.numbers.max() > limit:
        return None
    mask = _mask_profile(node, walk, numbered)
    product = _product(node, walk, mask, numbered)
    return _reduce(node, walk, walk.make(node, "where", [mask, product, choice.input(2)]))


def any_pixel(node: Node, walk: Rewriting) -> Value | None:
    """Whether a mask has any pixel: whether it has any column."""
    mask = walk.producer(node.input(0), "greater_than")
    if mask is None or len(mask.output.shape) != 4 or fixed_ints(node.input(1)) != (2, 3):
        return None
    threshold = mask.input(1)
    if scalar(threshold) is None or threshold.shape not in ((), (1,)) or node.attrs.get("keepdim"):
        return None
    found = _Numbered(mask.input(0), threshold, np.empty(0), axis=3)
    last = walk.constant(node, np.array([2], np.int64))
    return walk.make(node, "any", [_mask_profile(node, walk, found), last], keepdim=False)


def _reduced_image(node: Node, walk: Rewriting) -> Value | None:
    """The [N, Q, h, w] that is reduced over h and w, by way of a flatten to [N, Q, h * w]."""
    flat = walk.producer(node.input(0), "flatten")
    if flat is None or len(flat.input(0).shape) != 4 or len(flat.output.shape) != 3:
        return None
    axes = [axis_of(axis, 3) for axis in fixed_ints(node.optional(1))] if node.inputs[1:] else []
    if axes != [2] or node.attrs.get("keepdim") or flat.attrs["start_axis"] != 2:
        return None
    return flat.input(0)


def _numbered(value: Value | None, walk: Rewriting) -> _Numbered | None:
    product = walk.producer(value, "multiply")
    if product is None:
        return None
    for grid, other in ((0, 1), (1, 0)):
        cast = walk.producer(product.input(other), "cast")
        mask = walk.producer(cast.input(0), "greater_than") if cast is not None else None
        if mask is None or not product.input(grid).constant or scalar(mask.input(1)) is None:
            continue
        numbers = _one_axis(product.input(grid))
        if numbers is not None and mask.input(1).shape in ((), (1,)):
            return _Numbered(mask.input(0), mask.input(1), *numbers)
    return None


def _one_axis(grid: Value) -> tuple[Array, int] | None:
    """A grid [h, w] whose rows (or columns) are all the same, as a vector and its axis of 4."""
    shape = static(grid.shape)
    if shape is None or len(shape) != 2 or 0 in shape:
        return None
    numbers = grid.array()
    if np.array_equal(numbers, np.broadcast_to(numbers[:1], shape)):
        return np.ascontiguousarray(numbers[0]), 3
    if np.array_equal(numbers, np.broadcast_to(numbers[:, :1], shape)):
        return np.ascontiguousarray(numbers[:, 0]), 2
    return None


def _mask_profile(node: Node, walk: Rewriting, found: _Numbered) -> Value:
    """bool [N, Q, length]: whether any pixel of that column (row) is set."""
    across = walk.constant(node, np.array([5 - found.axis], np.int64))
    peak = walk.make(
        node,
        "max",
        [found.logits, across],
        dtype=found.logits.dtype,
        named=f"{node.output.name}:peak",
        keepdim=False,
    )
    return walk.make(
        node, "greater_than", [peak, found.threshold], dtype=BOOL, named=f"{node.output.name}:mask"
    )


def _product(node: Node, walk: Rewriting, mask: Value, found: _Numbered) -> Value:
    numbers = walk.constant(node, found.numbers)
    ones = walk.make(node, "cast", [mask], named=f"{node.output.name}:ones")
    return walk.make(node, "multiply", [numbers, ones], named=f"{node.output.name}:numbered")


def _reduce(node: Node, walk: Rewriting, numbered: Value) -> Value:
    last = walk.constant(node, np.array([2], np.int64))
    return walk.make(node, node.op, [numbered, last], keepdim=False)


MASK_EXTENTS: dict[str, tuple[Rule, ...]] = {
    "max": (largest,),
    "min": (smallest,),
    "any": (any_pixel,),
}
