"""Deformable attention against loops over queries, heads, levels and points."""

from __future__ import annotations

import math

import numpy as np
import paddle
import pytest
from models.mask_rtdetr.slow_decoder import deformable_attention, state_of

from instseg.errors import InvalidArgument
from instseg_train.models.mask_rtdetr.deformable_attention import DeformableAttention

SIZES = [(6, 5), (3, 4), (2, 1)]


def scrambled(layer: paddle.nn.Layer, seed: int, spread: float = 0.4) -> None:
    """Every parameter away from its first value."""
    random = np.random.default_rng(seed)
    for tensor in layer.state_dict().values():
        tensor.set_value(random.normal(0.0, spread, tensor.shape).astype("float32"))


@pytest.mark.parametrize(("heads", "points"), [(1, 1), (2, 3), (4, 4)])
def test_equals_the_loops(heads: int, points: int) -> None:
    """Some boxes reach over the image's edge, so that samples lie outside."""
    layer = DeformableAttention(8, heads, len(SIZES), points)
    scrambled(layer, seed=heads)
    random = np.random.default_rng(9)
    query = random.normal(size=[2, 7, 8]).astype("float32")
    memory = random.normal(size=[2, sum(h * w for h, w in SIZES), 8]).astype("float32")
    boxes = random.uniform(0.0, 1.0, [2, 7, 4]).astype("float32")
    boxes[0, 0] = [0.5, 0.5, 0.0, 0.0]
    found = layer(*(paddle.to_tensor(x) for x in (query, boxes, memory)), SIZES).numpy()
    for image in range(2):
        arrays = (x[image].astype("float64") for x in (query, boxes, memory))
        expected = deformable_attention(*arrays, SIZES, state_of(layer), heads, points)
        np.testing.assert_allclose(found[image], expected, rtol=1e-4, atol=1e-5)


def test_first_offsets_form_a_star_of_square_rings() -> None:
    layer = DeformableAttention(16, heads=8, levels=2, points=3)
    offsets = layer.sampling_offsets.bias.numpy().reshape([8, 2, 3, 2])
    for head in range(8):
        x, y = math.cos(head * math.pi / 4), math.sin(head * math.pi / 4)
        reach = max(abs(x), abs(y))
        for point in range(3):
            expected = np.array([x, y]) / reach * (point + 1)
            np.testing.assert_allclose(offsets[head, :, point], [expected] * 2, atol=1e-6)
    for tensor in (layer.sampling_offsets.weight, layer.attention_weights.weight):
        assert not tensor.numpy().any()


def test_channels_must_be_a_multiple_of_heads() -> None:
    with pytest.raises(InvalidArgument, match="10 channels cannot be shared out among 4 heads"):
        DeformableAttention(10, 4, 3, 4)
