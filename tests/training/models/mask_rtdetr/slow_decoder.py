"""A decoder layer in loops over heads, levels and points, in float64 (arXiv:2010.04159)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
from models.mask_rtdetr.slow_sampling import bilinear

Array = npt.NDArray[Any]
State = dict[str, Array]


def state_of(layer: paddle.nn.Layer) -> State:
    """The layer's tensors by name, float64."""
    return {name: t.numpy().astype(np.float64) for name, t in layer.state_dict().items()}


def part_of(state: State, name: str) -> State:
    return {key[len(name) + 1 :]: v for key, v in state.items() if key.startswith(name + ".")}


def linear(x: Array, state: State) -> Array:
    found: Array = x @ state["weight"] + state["bias"]
    return found


def layer_norm(x: Array, state: State) -> Array:
    centred = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)
    found: Array = centred / deviation * state["weight"] + state["bias"]
    return found


def softmax(x: Array) -> Array:
    powers = np.exp(x - x.max(-1, keepdims=True))
    found: Array = powers / powers.sum(-1, keepdims=True)
    return found


def attention(
    query: Array, key: Array, value: Array, state: State, heads: int, mask: Array | None
) -> Array:
    """[Q, C], [L, C], [L, C] -> [Q, C]."""
    weights = np.split(state["in_proj_weight"], 3, axis=1)
    biases = np.split(state["in_proj_bias"], 3)
    q, k, v = (x @ w + b for x, w, b in zip((query, key, value), weights, biases, strict=True))
    joined = []
    for own_q, own_k, own_v in zip(*(np.split(x, heads, axis=1) for x in (q, k, v)), strict=True):
        scores = own_q @ own_k.T / np.sqrt(own_q.shape[1])
        joined.append(softmax(scores if mask is None else scores + mask) @ own_v)
    return linear(np.concatenate(joined, axis=1), part_of(state, "out_proj"))


def deformable_attention(
    query: Array,
    boxes: Array,
    memory: Array,
    sizes: Sequence[tuple[int, int]],
    state: State,
    heads: int,
    points: int,
) -> Array:
    """query [Q, C]; boxes [Q, 4] cx, cy, w, h; memory [L, C] -> [Q, C]."""
    levels = len(sizes)
    offsets = linear(query, part_of(state, "sampling_offsets"))
    offsets = offsets.reshape(-1, heads, levels, points, 2)
    weights = linear(query, part_of(state, "attention_weights")).reshape(-1, heads, levels * points)
    weights = softmax(weights).reshape(-1, heads, levels, points)
    values = linear(memory, part_of(state, "value_proj"))
    side = query.shape[1] // heads
    joined = np.zeros_like(query)
    start = 0
    for level, (height, width) in enumerate(sizes):
        planes = values[start : start + height * width].T.reshape(-1, height, width)
        start += height * width
        for q, (cx, cy, w, h) in enumerate(boxes):
            for head in range(heads):
                own = slice(head * side, (head + 1) * side)
                for point in range(points):
                    dx, dy = offsets[q, head, level, point] / points / 2
                    sample = bilinear(planes[own], cx + dx * w, cy + dy * h)
                    joined[q, own] += weights[q, head, level, point] * sample
    return linear(joined, part_of(state, "output_proj"))


def decoder_layer(
    query: Array,
    positions: Array,
    boxes: Array,
    memory: Array,
    sizes: Sequence[tuple[int, int]],
    state: State,
    heads: int,
    points: int,
    mask: Array | None = None,
) -> Array:
    """Of one image: query and positions [Q, C], boxes [Q, 4], memory [L, C] -> [Q, C]."""
    located = query + positions
    own = attention(located, located, query, part_of(state, "self_attn"), heads, mask)
    query = layer_norm(query + own, part_of(state, "norm1"))
    seen = deformable_attention(
        query + positions, boxes, memory, sizes, part_of(state, "cross_attn"), heads, points
    )
    query = layer_norm(query + seen, part_of(state, "norm2"))
    inner = np.maximum(linear(query, part_of(state, "linear1")), 0)
    return layer_norm(query + linear(inner, part_of(state, "linear2")), part_of(state, "norm3"))
