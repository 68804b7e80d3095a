"""ResNet's blocks and stages, against convolutions written out with NumPy."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import paddle
import pytest

from instseg.errors import InvalidArgument
from instseg_train.backbones.resnet import Bottleneck, ResNet, Stage

Array = npt.NDArray[np.float64]
State = Mapping[str, Array]


def conv(x: Array, weight: Array, stride: int, groups: int) -> Array:
    """[C, H, W], [out, C / groups, k, k]: sums over windows, zeros around."""
    k = weight.shape[-1]
    x = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    rows = range(0, x.shape[1] - k + 1, stride)
    columns = range(0, x.shape[2] - k + 1, stride)
    inputs, outputs = len(x) // groups, len(weight) // groups
    found = np.zeros([len(weight), len(rows), len(columns)])
    for o, kernel in enumerate(weight):
        own = x[o // outputs * inputs :][:inputs]
        for i, top in enumerate(rows):
            for j, left in enumerate(columns):
                found[o, i, j] = (own[:, top : top + k, left : left + k] * kernel).sum()
    return found


def brick(x: Array, state: State, name: str, stride: int = 1, groups: int = 1) -> Array:
    """Convolution, and a norm with its running statistics."""
    y = conv(x, state[f"{name}.conv.weight"], stride, groups)
    mean, variance, scale, shift = (
        state[f"{name}.norm.{key}"][:, None, None]
        for key in ("_mean", "_variance", "weight", "bias")
    )
    return (y - mean) / np.sqrt(variance + 1e-5) * scale + shift


def halved(x: Array) -> Array:
    """Means of 2 x 2, of what there is of them at the right and lower edge."""
    height, width = -(-x.shape[1] // 2), -(-x.shape[2] // 2)
    found = np.zeros([len(x), height, width])
    for i in range(height):
        for j in range(width):
            found[:, i, j] = x[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].mean((1, 2))
    return found


def slow_block(x: Array, state: State, name: str, stride: int, groups: int, variant: str) -> Array:
    y = np.maximum(brick(x, state, f"{name}branch2a"), 0)
    y = np.maximum(brick(y, state, f"{name}branch2b", stride, groups), 0)
    y = brick(y, state, f"{name}branch2c")
    if f"{name}short.conv.conv.weight" in state:
        assert (variant, stride) == ("d", 2)
        x = brick(halved(x), state, f"{name}short.conv")
    elif f"{name}short.conv.weight" in state:
        x = brick(x, state, f"{name}short", stride)
    return np.maximum(x + y, 0)


def randomise(layer: paddle.nn.Layer) -> State:
    """Random weights and statistics; returns them."""
    random = np.random.default_rng(1)
    for name, tensor in layer.state_dict().items():
        values = random.normal(0.0, 0.3, tensor.shape)
        tensor.set_value(
            (np.abs(values) + 0.5 if "_variance" in name else values).astype("float32")
        )
    return {name: tensor.numpy().astype(np.float64) for name, tensor in layer.state_dict().items()}


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("size", [(6, 8), (5, 7)])
@pytest.mark.parametrize(
    ("stride", "groups", "project", "pool_shortcut"),
    [
        (1, 1, False, False),
        (1, 1, True, True),
        (2, 1, True, False),
        (2, 1, True, True),
        (2, 4, True, True),
    ],
)
def test_a_block_equals_the_written_out_one(
    stride: int,
    groups: int,
    project: bool,
    pool_shortcut: bool,
    size: tuple[int, int],
    training: bool,
) -> None:
    ins = 12 if project else 16
    block = Bottleneck(
        ins, 4, 8, stride=stride, groups=groups, project=project, pool_shortcut=pool_shortcut
    )
    state = randomise(block)
    block.train() if training else block.eval()  # frozen norms: the same
    x = np.random.default_rng(2).normal(size=[ins, *size])
    found = block(paddle.to_tensor(x[None].astype("float32"))).numpy()[0]
    expected = slow_block(x, state, "", stride, groups, "d" if pool_shortcut else "b")
    assert found.shape == (16, -(-size[0] // stride), -(-size[1] // stride))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize(("number", "stride"), [(2, 1), (3, 2)])
def test_only_the_first_block_of_a_stage_strides_and_projects(number: int, stride: int) -> None:
    stage = Stage(number, 8, 4, blocks=3, pool_shortcut=True)
    state = randomise(stage)
    x = np.random.default_rng(3).normal(size=[8, 6, 8])
    found = stage(paddle.to_tensor(x[None].astype("float32"))).numpy()[0]
    expected = slow_block(x, state, f"res{number}a.", stride, 1, "d")
    for letter in "bc":
        assert not any(key.startswith(f"res{number}{letter}.short") for key in state)
        expected = slow_block(expected, state, f"res{number}{letter}.", 1, 1, "d")
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("variant", ["b", "d"])
def test_the_stem_and_the_maps_equal_the_written_out_ones(variant: str) -> None:
    network = ResNet(50, variant=variant, width=0.125, depth=0.01, frozen_stages=0)
    state = randomise(network)
    image = np.random.default_rng(4).normal(size=[3, 32, 64])
    found = network(paddle.to_tensor(image[None].astype("float32")))
    if variant == "b":
        x = np.maximum(brick(image, state, "conv1.conv1", 2), 0)
    else:
        x = image
        for name, stride in (("conv1_1", 2), ("conv1_2", 1), ("conv1_3", 1)):
            x = np.maximum(brick(x, state, f"conv1.{name}", stride), 0)
    padded = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    x = np.array(
        [
            [
                [plane[2 * i : 2 * i + 3, 2 * j : 2 * j + 3].max() for j in range(x.shape[2] // 2)]
                for i in range(x.shape[1] // 2)
            ]
            for plane in padded
        ]
    )
    for i, level in enumerate(found):
        x = slow_block(x, state, f"res{i + 2}.res{i + 2}a.", 1 if i == 0 else 2, 1, variant)
        np.testing.assert_allclose(level.numpy()[0], x, rtol=1e-4, atol=1e-4 * np.abs(x).max())


def test_maps_have_the_channels_and_strides_it_says() -> None:
    network = ResNet(50, num_stages=3, returned=(1, 2), width=0.125, depth=0.25)
    maps = network(paddle.zeros([2, 3, 64, 96]))
    assert network.out_strides == [8, 16]
    assert [m.shape for m in maps] == [
        [2, channels, 64 // stride, 96 // stride]
        for channels, stride in zip(network.out_channels, network.out_strides, strict=True)
    ]


def test_long_stages_count_their_blocks_and_groups_scale_with_the_width() -> None:
    network = ResNet(101, variant="d", groups=64, group_width=4, width=0.125)
    blocks = [name for name, _ in network.res4.named_children()]
    assert blocks == ["res4a", *(f"res4b{i}" for i in range(1, 23))]
    assert network.res2.blocks[0].branch2b.conv.weight.shape[:2] == [32, 4]
    assert network.res2.blocks[0].branch2b.conv._groups == 8


@pytest.mark.parametrize("stages", [0, 1, 2])
def test_the_stem_is_frozen_with_the_first_stages(stages: int) -> None:
    network = ResNet(50, width=0.125, depth=0.25, frozen_stages=stages, freeze_norm=False)
    frozen = {
        name.split(".")[0]
        for name, parameter in network.named_parameters()
        if parameter.stop_gradient and "norm._" not in name  # statistics never learn
    }
    assert frozen == set([[], ["conv1", "res2"], ["conv1", "res2", "res3"]][stages])


@pytest.mark.parametrize("freeze_norm", [True, False])
def test_frozen_norms_use_their_statistics_in_training_too(freeze_norm: bool) -> None:
    network = ResNet(50, width=0.125, depth=0.25, freeze_norm=freeze_norm)
    image = paddle.to_tensor(np.random.default_rng(0).normal(size=[2, 3, 64, 64]).astype("float32"))
    network.train()
    training = network(image)[-1].numpy()
    network.eval()
    same = np.allclose(training, network(image)[-1].numpy(), rtol=1e-5)
    assert same == freeze_norm


@pytest.mark.parametrize(("layers", "variant"), [(34, "b"), (50, "c")])
def test_unknown_networks_are_refused(layers: int, variant: str) -> None:
    with pytest.raises(InvalidArgument, match=f"ResNet-{layers} of variant '{variant}'"):
        ResNet(layers, variant=variant)
