"""Removes detours: identities, casts to and fro, additions of zero, one-element stacks."""

from __future__ import annotations

import numpy as np

from ..ir.graph import Node, Value, known_ints
from .rewriting import Rewriting, Rule, scalar


def identity(node: Node, walk: Rewriting) -> Value | None:
    return node.input(0)


def cast(node: Node, walk: Rewriting) -> Value | None:
    """To its own type; or bool -> number -> bool."""
    x = node.input(0)
    if x.dtype == node.output.dtype:
        return x
    inner = walk.producer(x, "cast")
    if inner is not None and node.output.dtype == np.bool_ and inner.input(0).dtype == np.bool_:
        return inner.input(0)
    return None


def same_shape(node: Node, walk: Rewriting) -> Value | None:
    """reshape, flatten, expand, slice, ... to the shape that the operand has already."""
    return node.input(0) if node.input(0).shape == node.output.shape else None


def full_slice(node: Node, walk: Rewriting) -> Value | None:
    """A slice that keeps everything."""
    starts = known_ints(node.input(1))
    if starts is not None and all(start == 0 for start in starts):
        return same_shape(node, walk)
    return None


def slice_of_stack(node: Node, walk: Rewriting) -> Value | None:
    """`stack([x])[0]`."""
    stack = walk.producer(node.input(0), "stack")
    if stack is None or len(stack.inputs) != 1:
        return None
    axis = stack.attrs["axis"] % len(stack.output.shape)
    if list(node.attrs["axes"]) == [axis] and list(node.attrs["decrease_axis"]) == [axis]:
        return stack.input(0)
    return None


def add_zero(node: Node, walk: Rewriting) -> Value | None:
    for x, other in ((0, 1), (1, 0)):
        if node.input(x).shape == node.output.shape and scalar(node.input(other)) == 0:
            return node.input(x)
    return None


def scale_by_one(node: Node, walk: Rewriting) -> Value | None:
    if scalar(node.input(1)) == 1 and not node.attrs.get("bias"):
        return node.input(0)
    return None


def where_known(node: Node, walk: Rewriting) -> Value | None:
    """A condition that is true (or false) everywhere."""
    choice = scalar(node.input(0))
    if choice is None:
        return None
    chosen = node.input(1 if choice else 2)
    return chosen if chosen.shape == node.output.shape else None


def if_known(node: Node, walk: Rewriting) -> Value | None:
    """A condition that is known: only one of the branches was ever meant."""
    choice = scalar(node.input(0))
    return None if choice is None else node.input(1 if choice else 2)


def silu(node: Node, walk: Rewriting) -> Value | None:
    """x * sigmoid(x)."""
    for x, other in ((0, 1), (1, 0)):
        sigmoid = walk.producer(node.input(other), "sigmoid")
        if sigmoid is not None and sigmoid.input(0) is node.input(x):
            return walk.make(node, "silu", [node.input(x)])
    return None


def flatten_of_stack(node: Node, walk: Rewriting) -> Value | None:
    """Stacking along a new axis that is then merged with the next one is joining along that."""
    stack = walk.producer(node.input(0), "stack")
    if stack is None or not walk.only_use(stack.output):
        return None
    rank = len(stack.output.shape)
    axis = stack.attrs["axis"] % rank
    start, stop = node.attrs["start_axis"] % rank, node.attrs["stop_axis"] % rank
    if (start, stop) != (axis, axis + 1):
        return None
    join = walk.constant(node, np.array([axis], np.int64))
    return walk.make(node, "concat", [*stack.inputs, join])


SIMPLIFY: dict[str, tuple[Rule, ...]] = {
    "identity": (identity,),
    "cast": (cast,),
    "reshape": (same_shape,),
    "flatten": (same_shape, flatten_of_stack),
    "expand": (same_shape,),
    "slice": (full_slice, slice_of_stack),
    "add": (add_zero,),
    "scale": (scale_by_one,),
    "where": (where_known,),
    "if": (if_known,),
    "multiply": (silu,),
}
