"""RepVGG blocks: one fused convolution does what the branches do."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F
import pytest

from instseg_train.layers.conv_bn import ConvBN
from instseg_train.layers.rep_vgg import RepVggBlock, fuse_rep_vgg_blocks


def scrambled(layer: paddle.nn.Layer, seed: int = 3) -> paddle.nn.Layer:
    """Every parameter and every running statistic away from its initial value."""
    random = np.random.default_rng(seed)
    for name, tensor in layer.state_dict().items():
        values = random.normal(0.1, 0.4, tensor.shape)
        tensor.set_value(
            (np.abs(values) + 0.2 if "_variance" in name else values).astype("float32")
        )
    return layer


@pytest.mark.parametrize("weighted", [False, True])
def test_fusing_keeps_the_outputs(weighted: bool) -> None:
    block = scrambled(RepVggBlock(5, 7, F.swish, weighted))
    block.eval()
    x = paddle.to_tensor(np.random.default_rng(0).normal(size=[2, 5, 9, 8]).astype("float32"))
    before = block(x).numpy()
    block.fuse()
    # Rounding: sums of 45 products in another order.
    np.testing.assert_allclose(block(x).numpy(), before, rtol=1e-4, atol=1e-5)
    assert set(block.state_dict()) == {"conv.weight", "conv.bias"}


def test_the_weighted_branch_is_the_1x1_one() -> None:
    block = scrambled(RepVggBlock(4, 4, F.relu, weighted=True))
    block.eval()
    x = paddle.to_tensor(np.random.default_rng(1).normal(size=[1, 4, 6, 6]).astype("float32"))
    alpha = block.alpha.item()
    expected = np.maximum(block.conv1(x).numpy() + alpha * block.conv2(x).numpy(), 0)
    np.testing.assert_allclose(block(x).numpy(), expected, rtol=1e-5, atol=1e-6)


def test_fusing_a_network_reaches_every_block_and_may_be_repeated() -> None:
    network = paddle.nn.Sequential(
        ConvBN(3, 4, 3), paddle.nn.Sequential(RepVggBlock(4, 4, F.relu)), RepVggBlock(4, 4, F.relu)
    )
    scrambled(network).eval()
    x = paddle.to_tensor(np.random.default_rng(2).normal(size=[1, 3, 8, 8]).astype("float32"))
    before = network(x).numpy()
    fuse_rep_vgg_blocks(network)
    fuse_rep_vgg_blocks(network)
    np.testing.assert_allclose(network(x).numpy(), before, rtol=1e-4, atol=1e-5)
    assert not any("conv1" in name or "alpha" in name for name in network.state_dict())


def test_norms_are_not_decayed_and_convolutions_are() -> None:
    brick = ConvBN(3, 4, 3)
    assert brick.bn.weight.regularizer._coeff == 0
    assert brick.bn.bias.regularizer._coeff == 0
    assert brick.conv.weight.regularizer is None
