"""Removes tensors that only repeat a smaller one before an operator that would broadcast it itself.

Paddle's `where` wants operands of one shape, so exported programs build full tensors of zeros, add
them to each operand, and only then choose. All of that is one `where` of the original operands.
"""

from __future__ import annotations

import numpy as np

from ..ir.graph import Node, Value
from .rewriting import Rewriting, Rule, scalar


def full_like(node: Node, walk: Rewriting) -> Value | None:
    """A constant of a shape that is open becomes an `expand` of a number."""
    number = scalar(node.input(1))
    if number is None:
        return None
    value = walk.constant(node, np.array(number).astype(node.output.dtype))
    shape = walk.make(
        node, "shape", [node.input(0)], named=f"{node.output.name}:shape", dtype=np.dtype(np.int64)
    )
    return walk.make(node, "expand", [value, shape])


def elementwise(node: Node, walk: Rewriting) -> Value | None:
    """op(expand(x), y): without the `expand`, or with the `expand` after the operator."""
    expands = [walk.producer(value, "expand") for value in node.inputs]
    if not any(expands):
        return None
    inputs = [
        value if expand is None else expand.input(0)
        for value, expand in zip(node.inputs, expands, strict=True)
    ]
    result = walk.make(node, node.op, inputs, **node.attrs)
    if result.shape == node.output.shape:
        return result
    for expand in expands:
        if expand is not None and expand.output.shape == node.output.shape:
            return walk.make(node, "expand", [result, expand.input(1)])
    return None


BROADCASTS: dict[str, tuple[Rule, ...]] = {
    "full_like": (full_like,),
    **dict.fromkeys(
        ("add", "subtract", "multiply", "divide", "where", "cast", "greater_than", "less_than"),
        (elementwise,),
    ),
}
