"""The neck's blocks against plain numbers, and its paths written out."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import paddle
import paddle.nn.functional as F
import pytest
from models.mask_rtdetr.slow_decoder import attention, layer_norm, linear, part_of, state_of
from scipy.special import erf

from instseg.errors import InvalidArgument
from instseg_train.necks.mask_hybrid_encoder import CspRepLayer, MaskFeatures, MaskHybridEncoder
from instseg_train.necks.self_attention import SelfAttentionEncoder
from instseg_train.necks.sine_position import SinePositions, sine_positions

Array = npt.NDArray[Any]


def drawn(seed: int, *shape: int) -> paddle.Tensor:
    values = np.random.default_rng(seed).normal(size=shape)
    return paddle.to_tensor(values.astype("float32"))


def scrambled(layer: paddle.nn.Layer, seed: int = 0) -> paddle.nn.Layer:
    """Every tensor away from its first value, in evaluation mode."""
    random = np.random.default_rng(seed)
    for name, tensor in layer.state_dict().items():
        values = random.normal(0.05, 0.2, tensor.shape)
        tensor.set_value(
            (np.abs(values) + 0.5 if "_variance" in name else values).astype("float32")
        )
    layer.eval()
    return layer


def norm_of(x: paddle.Tensor, brick: Any) -> paddle.Tensor:
    """Convolution and norm of a brick, without its activation."""
    return brick.bn(brick.conv(x))


def silu(x: paddle.Tensor) -> paddle.Tensor:
    return x / (1 + paddle.exp(-x))


def assert_same(found: paddle.Tensor, expected: paddle.Tensor) -> None:
    np.testing.assert_allclose(found.numpy(), expected.numpy(), rtol=1e-4, atol=1e-5)


def test_self_attention_equals_its_twin() -> None:
    encoder = scrambled(SelfAttentionEncoder(8, heads=2, feedforward=12, layers=2))
    tokens, positions = drawn(1, 2, 6, 8), drawn(2, 1, 6, 8)
    found = encoder(tokens, positions).numpy()
    for image in range(2):
        x = tokens.numpy()[image].astype("float64")
        for layer in encoder.layers:
            state = state_of(layer)
            located = x + positions.numpy()[0]
            seen = attention(located, located, x, part_of(state, "self_attn"), 2, None)
            x = layer_norm(x + seen, part_of(state, "norm1"))
            inner = linear(x, part_of(state, "linear1"))
            inner = inner * (1 + erf(inner / np.sqrt(2))) / 2  # GELU
            x = layer_norm(x + linear(inner, part_of(state, "linear2")), part_of(state, "norm2"))
        np.testing.assert_allclose(found[image], x, rtol=1e-4, atol=1e-5)


def test_positions_are_sines_and_cosines_of_row_and_column() -> None:
    table = sine_positions(3, 5, 12)
    assert table.shape == (15, 12)
    for place, row in enumerate(table.tolist()):
        y, x = divmod(place, 5)
        for i in range(3):
            frequency = 10000 ** (-i / 3)
            parts = (np.sin(y * frequency), np.cos(y * frequency))
            parts += (np.sin(x * frequency), np.cos(x * frequency))
            np.testing.assert_allclose(row[i::3], parts, atol=1e-6)
    with pytest.raises(InvalidArgument, match="10 channels cannot hold four equal parts"):
        sine_positions(2, 2, 10)
    positions = SinePositions(12)
    assert positions(3, 5) is positions(3, 5)
    np.testing.assert_array_equal(positions(3, 5).numpy()[0], table)


@pytest.mark.parametrize("hidden", [6, 8])
def test_csp_rep_layer(hidden: int) -> None:
    layer = scrambled(CspRepLayer(10, 8, hidden, blocks=2))
    x = drawn(0, 2, 10, 5, 6)
    y = silu(norm_of(x, layer.conv1))
    for block in layer.bottlenecks:
        y = silu(norm_of(y, block.conv1) + norm_of(y, block.conv2))
    y = y + silu(norm_of(x, layer.conv2))
    if hidden != 8:
        y = silu(norm_of(y, layer.conv3))
    assert_same(layer(x), y)


def doubled(x: paddle.Tensor) -> paddle.Tensor:
    """Bilinear, with shares of 3/4 and 1/4 of the nearest two, the border repeated."""
    for axis in (2, 3):
        size = x.shape[axis]
        places = np.arange(size)
        before, after = np.maximum(places - 1, 0), np.minimum(places + 1, size - 1)
        near = [paddle.index_select(x, paddle.to_tensor(p), axis) for p in (before, after)]
        both = paddle.stack([0.75 * x + 0.25 * other for other in near], axis + 1)
        shape = list(x.shape)
        shape[axis] = 2 * size
        x = both.reshape(shape)
    return x


def test_mask_features_bring_all_levels_to_the_finest() -> None:
    features = scrambled(MaskFeatures(6, 8, 4, levels=3))
    fine, middle, coarse = (drawn(i, 1, 6, 12 // 2**i, 8 // 2**i) for i in range(3))
    heads = features.scale_heads
    total = silu(norm_of(fine, heads[0][0][0]))
    total = total + doubled(silu(norm_of(middle, heads[1][0][0])))
    once = doubled(silu(norm_of(coarse, heads[2][0][0])))
    total = total + doubled(silu(norm_of(once, heads[2][2][0])))
    assert_same(features([fine, middle, coarse]), silu(norm_of(total, features.output_conv)))


@pytest.mark.parametrize("attended", [1, 2])
def test_equals_the_paths_written_out(attended: int) -> None:
    neck = scrambled(
        MaskHybridEncoder(
            [6, 10, 12, 14],
            hidden=8,
            attended=attended,
            layers=1,
            heads=2,
            feedforward=12,
            expansion=0.5,
            blocks=1,
            mask_channels=(8, 4),
            prototypes=5,
        )
    )
    finest, *rest = (drawn(i, 2, c, 32 // 2**i, 16 // 2**i) for i, c in enumerate((6, 10, 12, 14)))
    levels = [project(x) for project, x in zip(neck.input_proj, rest, strict=True)]
    height, width = levels[attended].shape[2:]
    tokens = levels[attended].reshape([2, 8, -1]).transpose([0, 2, 1])
    tokens = neck.encoder[0](tokens, paddle.to_tensor(sine_positions(height, width, 8)))
    levels[attended] = tokens.transpose([0, 2, 1]).reshape([2, 8, height, width])
    c8, c16, c32 = levels

    def repeated(x: paddle.Tensor) -> paddle.Tensor:
        return x.repeat_interleave(2, 2).repeat_interleave(2, 3)

    def joined(*parts: paddle.Tensor) -> paddle.Tensor:
        return paddle.concat(parts, axis=1)

    top = neck.lateral_convs[0](c32)
    centre = neck.lateral_convs[1](neck.fpn_blocks[0](joined(repeated(top), c16)))
    p8 = neck.fpn_blocks[1](joined(repeated(centre), c8))
    p16 = neck.pan_blocks[0](joined(neck.downsample_convs[0](p8), centre))
    p32 = neck.pan_blocks[1](joined(neck.downsample_convs[1](p16), top))
    masks = doubled(neck.mask_feat_head([p8, p16, p32])) + neck.enc_mask_lateral(finest)
    masks = neck.enc_mask_output[1](neck.enc_mask_output[0](masks))

    found, prototypes = neck([finest, *rest])
    for ours, expected in zip(found, (p8, p16, p32), strict=True):
        assert_same(ours, expected)
    assert_same(prototypes, masks)
    assert prototypes.shape == [2, 5, 32, 16]


def test_the_neck_is_trained_with_batch_statistics() -> None:
    layer = CspRepLayer(4, 4, 4, blocks=1)
    before = layer.conv1.bn._mean.numpy().copy()
    layer(drawn(0, 2, 4, 6, 6))
    assert (layer.conv1.bn._mean.numpy() != before).any()
    x = drawn(1, 3, 4, 5, 5)
    found = layer.conv2(x).numpy()
    y = F.conv2d(x, layer.conv2.conv.weight).numpy()
    normed = (y - y.mean((0, 2, 3), keepdims=True)) / np.sqrt(
        y.var((0, 2, 3), keepdims=True) + 1e-5
    )
    np.testing.assert_allclose(found, normed / (1 + np.exp(-normed)), rtol=1e-4, atol=1e-5)
