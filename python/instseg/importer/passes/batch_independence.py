"""Rewrites what the exporter spelled with the batch size so that the batch can stay open."""

from __future__ import annotations

import numpy as np

from ..ir.dims import Dim, reshape_target
from ..ir.graph import Node, Value, known_ints
from .rewriting import Rewriting, Rule, scalar


def static_target(node: Node, walk: Rewriting) -> Value | None:
    """reshape(x, [batch, 300, 256]) -> reshape(x, [-1, 300, 256]), a constant."""
    if node.input(1).constant:
        return None
    target = reshape_target(node.input(0).shape, node.output.shape)
    if target is None or known_ints(node.input(1)) is None:
        return None
    shape = walk.constant(node, np.array(target, np.int64))
    return walk.make(node, "reshape", [node.input(0), shape])


def batched_gather(node: Node, walk: Rewriting) -> Value | None:
    """gather_nd(x, [(b, i[b, k])]) with b = 0, 1, ... -> gather along axis 1, image by image."""
    stack = walk.producer(node.input(1), "stack")
    if node.attrs.get("batch_dims") or stack is None or len(stack.inputs) != 2:
        return None
    index = stack.input(1)
    if stack.attrs["axis"] % len(stack.output.shape) != len(index.shape) or len(index.shape) != 2:
        return None
    if not _is_image_number(stack.input(0), node.input(0).shape[0], walk):
        return None
    axes = walk.constant(node, np.array([2], np.int64))
    column = walk.make(stack, "unsqueeze", [index, axes])
    return walk.make(node, "gather_nd", [node.input(0), column], batch_dims=1)


def _is_image_number(value: Value, batch: Dim, walk: Rewriting) -> bool:
    """Whether element [b, k] is b: a range over the batch, as a column, repeated in its row."""
    tile = walk.producer(value, "tile", "expand")
    if tile is not None:
        if tile.op == "tile" and (known_ints(tile.input(1)) or (0,))[0] != 1:
            return False
        value = tile.input(0)
    column = walk.producer(value, "unsqueeze", "reshape")
    if column is None or column.output.shape != (batch, 1):
        return False
    numbers = walk.producer(column.input(0), "arange")
    if numbers is None or known_ints(numbers.input(1)) != (batch,):
        return False
    return scalar(numbers.input(0)) == 0 and scalar(numbers.input(2)) == 1


BATCH_INDEPENDENCE: dict[str, tuple[Rule, ...]] = {
    "reshape": (static_target,),
    "gather_nd": (batched_gather,),
}
