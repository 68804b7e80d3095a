"""Gives every value its shape, with sizes that depend on the batch as multiples of the symbol N.

Small integer tensors that carry sizes (`shape` and the arithmetic behind it) get their elements
too, so that a reshape to [8 * batch, 32, 80, 80] is understood although the batch is open.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from ..ir.dims import Dim, check_shape, multiply
from ..ir.graph import Node, blame, known_ints
from ..ir.shape_rules import SHAPE_RULES, axis_of

MAX_CONTENT = 64
"""Elements of an integer tensor that may be sizes; longer ones are data."""


def infer_node(node: Node) -> None:
    """Sets `shape` and `content` of the node's outputs from those of its inputs."""
    rule = SHAPE_RULES.get(node.op)
    if rule is None or node.attrs.get("control_flow"):
        return
    with blame(node):
        for value, shape in zip(node.outputs, rule(node), strict=True):
            check_shape(shape)
            value.shape = shape
        content_rule = CONTENT_RULES.get(node.op)
        if content_rule is not None and node.output.dtype.kind in "iu":
            content = content_rule(node)
            if content is not None and _fits(content, node.output.dtype):
                node.output.content = content


Content = tuple[Dim, ...]


def _fits(content: Content, dtype: np.dtype[Any]) -> bool:
    """Not so many that they are data, and none that its type would wrap around."""
    info = np.iinfo(dtype)
    return len(content) <= MAX_CONTENT and all(
        info.min <= dim <= info.max for dim in content if isinstance(dim, int)
    )


def _copy(node: Node) -> Content | None:
    return known_ints(node.input(0))


def _shape(node: Node) -> Content | None:
    return node.input(0).shape


def _join(node: Node) -> Content | None:
    """`stack` of scalars, `concat` of vectors: the elements one after the other."""
    values = node.inputs if node.op == "stack" else node.inputs[:-1]
    elements: list[Dim] = []
    for value in values:
        known = known_ints(value) if value is not None and len(value.shape) <= 1 else None
        if known is None:
            return None
        elements += known
    return tuple(elements)


def _slice(node: Node) -> Content | None:
    elements, start, end = (known_ints(node.input(i)) for i in range(3))
    if elements is None or start is None or end is None or len(node.input(0).shape) != 1:
        return None
    if not isinstance(start[0], int) or not isinstance(end[0], int):
        return None
    axis_of(node.attrs["axes"][0], 1)
    return elements[start[0] : end[0]]


def _scale(node: Node) -> Content | None:
    elements = known_ints(node.input(0))
    factor = float(node.input(1).array().reshape(-1)[0]) if node.input(1).constant else 0.5
    if elements is None or factor != int(factor) or node.attrs.get("bias"):
        return None
    return tuple(multiply(element, int(factor)) for element in elements)


def _multiply(node: Node) -> Content | None:
    a, b = known_ints(node.input(0)), known_ints(node.input(1))
    if a is None or b is None or len(a) != len(b):
        return None
    return tuple(multiply(x, y) for x, y in zip(a, b, strict=True))


CONTENT_RULES: dict[str, Callable[[Node], Content | None]] = {
    "shape": _shape,
    "identity": _copy,
    "cast": _copy,
    "squeeze": _copy,
    "unsqueeze": _copy,
    "reshape": _copy,
    "stack": _join,
    "concat": _join,
    "slice": _slice,
    "scale": _scale,
    "multiply": _multiply,
}
