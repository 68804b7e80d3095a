"""Folds batch norm and added biases into the convolution before them.

The folded weights are computed in float64 and rounded once, when they are written.
"""

from __future__ import annotations

import numpy as np

from instseg.errors import ModelError

from ..ir.dims import static
from ..ir.graph import Array, Deferred, Node, Value
from .rewriting import Rewriting, Rule


def batch_norm(node: Node, walk: Rewriting) -> Value | None:
    """conv2d -> batch_norm is one conv2d; elsewhere batch norm is a product and a sum."""
    if not all(value is not None and value.constant for value in node.inputs[1:5]):
        return None
    mean, variance, gamma, beta = (node.input(i).array().astype(np.float64) for i in range(1, 5))
    spread = variance + float(node.attrs["epsilon"])
    if not np.all(spread > 0):
        raise ModelError("the variance plus epsilon is not positive everywhere")
    with np.errstate(all="ignore"):  # what is not finite shows in the network's outputs
        factor = gamma / np.sqrt(spread)
        offset = beta - mean * factor
    conv = walk.producer(node.input(0), "conv2d")
    if conv is not None and walk.only_use(conv.output) and conv.input(1).constant:
        bias = conv.optional(2)
        if bias is None or bias.constant:
            old = 0.0 if bias is None else bias.array().astype(np.float64)
            return _conv(node, conv, walk, _scaled(conv.input(1), factor), offset + old * factor)
    shape = (1, -1, *[1] * (len(node.input(0).shape) - 2))
    scaled = walk.make(
        node,
        "multiply",
        [node.input(0), _float32(node, walk, factor.reshape(shape))],
        named=f"{node.output.name}:scaled",
    )
    return walk.make(node, "add", [scaled, _float32(node, walk, offset.reshape(shape))])


def add_bias(node: Node, walk: Rewriting) -> Value | None:
    """conv2d -> add of one constant per channel."""
    for x, other in ((0, 1), (1, 0)):
        conv = walk.producer(node.input(x), "conv2d")
        bias = node.input(other)
        if conv is None or not walk.only_use(conv.output) or not bias.constant:
            continue
        shape = static(bias.shape)
        channels = conv.output.shape[1]
        if shape not in ((1, channels, 1, 1), (channels, 1, 1)):
            continue
        old = conv.optional(2)
        if old is not None and not old.constant:
            continue
        total = bias.array().astype(np.float64).reshape(-1)
        if old is not None:
            total = total + old.array()
        return _conv(node, conv, walk, conv.input(1), total)
    return None


def _conv(node: Node, conv: Node, walk: Rewriting, weight: Value, bias: Array) -> Value:
    inputs: list[Value | None] = [conv.input(0), weight, _float32(node, walk, bias)]
    return walk.make(node, "conv2d", inputs, **conv.attrs)


def _scaled(weight: Value, factor: Array) -> Value:
    """weight [O, I, h, w] with every output channel times its factor."""
    shape = tuple(int(dim) for dim in weight.shape)  # type: ignore[arg-type]

    def compute() -> Array:
        with np.errstate(all="ignore"):
            scaled = weight.array() * factor.reshape(-1, 1, 1, 1)
            return scaled.astype(weight.dtype)

    data = Deferred(shape, weight.dtype, compute)
    return Value(f"{weight.name}:folded", weight.dtype, weight.shape, data=data)


def _float32(node: Node, walk: Rewriting, array: Array) -> Value:
    with np.errstate(all="ignore"):
        return walk.constant(node, array.astype(np.float32))


CONV_FOLDING: dict[str, tuple[Rule, ...]] = {
    "batch_norm": (batch_norm,),
    "add": (add_bias,),
}
