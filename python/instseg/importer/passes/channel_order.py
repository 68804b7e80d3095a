"""Networks whose inputs or outputs have their channels last: [N,h,w,C] instead of [N,C,h,w].

Code that works on all channels of a pixel at once reads and writes whole vectors that way.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np

from ..ir.dims import static
from ..ir.graph import Array, Deferred, Graph, Node, Value
from .rewriting import Rewriting, Rule

TO_LAST, TO_FIRST = [0, 2, 3, 1], [0, 3, 1, 2]


def put_channels_last(graph: Graph, names: Collection[str]) -> Graph:
    """Transposes the inputs and outputs of these names; everything inside stays as it is."""
    first: list[Node] = []
    inputs = list(graph.inputs)
    for position, value in enumerate(inputs):
        if value.name in names:
            shape = tuple(value.shape[axis] for axis in TO_LAST)
            inputs[position] = Value(value.name, value.dtype, shape)
            value.name += ":channels_first"
            first.append(Node("transpose", [inputs[position]], [value], {"perm": TO_FIRST}))
    outputs, last = dict(graph.outputs), list[Node]()
    for name, value in graph.outputs.items():
        if name in names:
            shape = tuple(value.shape[axis] for axis in TO_LAST)
            outputs[name] = Value(f"{value.name}:channels_last", value.dtype, shape)
            last.append(Node("transpose", [value], [outputs[name]], {"perm": TO_LAST}))
    return Graph(inputs, outputs, [*first, *graph.nodes, *last])


def flattened_matmul(node: Node, walk: Rewriting) -> Value | None:
    """flatten(transpose(x)) @ weight -> flatten(x) @ (rows of the weight in that order)."""
    flat = walk.producer(node.input(0), "flatten", "reshape")
    weight = node.input(1)
    if flat is None or not weight.constant or len(weight.shape) != 2:
        return None
    if node.attrs.get("transpose_x") or node.attrs.get("transpose_y"):
        return None
    turned = walk.producer(flat.input(0), "transpose")
    if turned is None or list(turned.attrs["perm"]) != TO_FIRST or not walk.only_use(flat.output):
        return None
    sides, rows = static(turned.output.shape[1:]), static(weight.shape)
    if sides is None or rows is None or flat.output.shape[1:] != (rows[0],):
        return None
    channels, height, width = sides

    def compute() -> Array:
        by_channel = weight.array().reshape(channels, height * width, rows[1])
        return np.ascontiguousarray(by_channel.transpose(1, 0, 2)).reshape(rows)

    data = Deferred(rows, weight.dtype, compute)
    turned_weight = Value(f"{weight.name}:channels_last", weight.dtype, rows, data=data)
    target = walk.constant(node, np.array([-1, rows[0]], np.int64))
    x = walk.make(flat, "reshape", [turned.input(0), target], named=f"{flat.output.name}:pixels")
    return walk.make(node, "matmul", [x, turned_weight])


CHANNEL_ORDER: dict[str, tuple[Rule, ...]] = {"matmul": (flattened_matmul,)}
