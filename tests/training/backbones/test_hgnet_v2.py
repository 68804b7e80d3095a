"""PP-HGNetV2 against its blocks written out with NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import paddle
import pytest

from instseg_train.backbones.hgnet_v2 import Block, HGNetV2, Stage, StageSize, Stem

Array = npt.NDArray[np.float64]
State = dict[str, Array]
NOT_FROZEN = {"frozen": False, "lr": 1.0}


def conv(x: Array, weight: Array, stride: int = 1, groups: int = 1) -> Array:
    """[C, H, W], [out, C / groups, k, k]: sums over windows, zeros around; the extra zeros of an
    even kernel lie to the right and below."""
    k = weight.shape[-1]
    x = np.pad(x, ((0, 0), ((k - 1) // 2, k // 2), ((k - 1) // 2, k // 2)))
    rows = range(0, x.shape[1] - k + 1, stride)
    columns = range(0, x.shape[2] - k + 1, stride)
    ins, outs = x.shape[0] // groups, len(weight) // groups
    return np.array(
        [
            [
                [
                    (x[o // outs * ins : (o // outs + 1) * ins, i : i + k, j : j + k] * w).sum()
                    for j in columns
                ]
                for i in rows
            ]
            for o, w in enumerate(weight)
        ]
    )


def brick(
    x: Array, state: State, name: str, stride: int = 1, groups: int = 1, relu: bool = True
) -> Array:
    bn = {key: state[f"{name}.bn.{key}"][:, None, None] for key in ("_mean", "weight", "bias")}
    deviation = np.sqrt(state[f"{name}.bn._variance"][:, None, None] + 1e-5)
    y = conv(x, state[f"{name}.conv.weight"], stride, groups)
    y = (y - bn["_mean"]) / deviation * bn["weight"] + bn["bias"]
    return np.maximum(y, 0) if relu else y


def slow_block(
    x: Array, state: State, name: str, layers: int, light: bool, residual: bool
) -> Array:
    outputs = [x]
    for i in range(layers):
        path = f"{name}layers.{i}"
        if light:
            y = brick(outputs[-1], state, f"{path}.conv1", relu=False)
            y = brick(y, state, f"{path}.conv2", groups=len(y))
        else:
            y = brick(outputs[-1], state, path)
        outputs.append(y)
    y = brick(np.concatenate(outputs), state, f"{name}aggregation_squeeze_conv")
    y = brick(y, state, f"{name}aggregation_excitation_conv")
    return y + x if residual else y


def slow_stem(x: Array, state: State) -> Array:
    x = brick(x, state, "stem1", stride=2)
    convolved = brick(brick(x, state, "stem2a"), state, "stem2b")
    largest = np.empty_like(x)
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            largest[:, i, j] = x[:, i : i + 2, j : j + 2].max((1, 2))
    x = brick(np.concatenate([largest, convolved]), state, "stem3", stride=2)
    return brick(x, state, "stem4")


def scrambled(layer: paddle.nn.Layer, seed: int) -> State:
    """Every tensor away from its first value; the state in float64."""
    random = np.random.default_rng(seed)
    for name, tensor in layer.state_dict().items():
        values = random.normal(0.0, 0.3, tensor.shape)
        tensor.set_value(
            (np.abs(values) + 0.5 if "_variance" in name else values).astype("float32")
        )
    layer.eval()
    return {name: t.numpy().astype(np.float64) for name, t in layer.state_dict().items()}


def drawn(*shape: int) -> Array:
    return np.random.default_rng(len(shape)).normal(size=shape)


def run(layer: paddle.nn.Layer, x: Array) -> Array:
    found: Array = layer(paddle.to_tensor(x[None].astype("float32"))).numpy()[0]
    return found


def test_stem() -> None:
    stem = Stem(4, 6, **NOT_FROZEN)
    state, x = scrambled(stem, 0), drawn(3, 12, 16)
    found = run(stem, x)
    assert found.shape == (6, 3, 4)
    np.testing.assert_allclose(found, slow_stem(x, state), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("light", [False, True])
@pytest.mark.parametrize("residual", [False, True])
def test_block(light: bool, residual: bool) -> None:
    size, kernel = StageSize(mid=4, out=6, blocks=1, layers=3), 5 if light else 3
    block = Block(6, size, light=light, kernel=kernel, residual=residual, **NOT_FROZEN)
    state, x = scrambled(block, 1), drawn(6, 7, 5)
    expected = slow_block(x, state, "", 3, light, residual)
    np.testing.assert_allclose(run(block, x), expected, rtol=1e-4, atol=1e-5)


def test_stage_halves_by_channel_and_only_later_blocks_have_a_shortcut() -> None:
    size = StageSize(mid=4, out=6, blocks=2, layers=2)
    stage = Stage(6, size, downsample=True, light=False, kernel=3, **NOT_FROZEN)
    state, x = scrambled(stage, 2), drawn(6, 8, 10)
    y = brick(x, state, "downsample", stride=2, groups=6, relu=False)
    y = slow_block(y, state, "blocks.0.", 2, light=False, residual=False)
    y = slow_block(y, state, "blocks.1.", 2, light=False, residual=True)
    np.testing.assert_allclose(run(stage, x), y, rtol=1e-4, atol=1e-5)


SIZES = [
    StageSize(4, 8, 1, 2),
    StageSize(4, 16, 2, 2),
    StageSize(8, 24, 1, 2),
    StageSize(8, 32, 1, 2),
]


def test_features_have_strides_4_to_32_and_late_stages_are_light() -> None:
    network = HGNetV2((4, 8), SIZES)
    shapes = [feature.shape for feature in network(paddle.zeros([2, 3, 64, 96]))]
    assert shapes == [[2, 8, 16, 24], [2, 16, 8, 12], [2, 24, 4, 6], [2, 32, 2, 3]]
    kernels = [stage.blocks[0].layers[0] for stage in network.stages]
    assert [layer.conv.weight.shape[-1] for layer in kernels[:2]] == [3, 3]
    assert [layer.conv2.conv.weight.shape[1:] for layer in kernels[2:]] == [[1, 5, 5]] * 2


def test_frozen_parts_keep_their_values_and_statistics() -> None:
    network = HGNetV2((4, 8), SIZES, frozen=True, lr=0.1)
    before = {name: t.numpy().copy() for name, t in network.state_dict().items()}
    optimiser = paddle.optimizer.SGD(1.0, parameters=network.parameters())
    sum(feature.sum() for feature in network(paddle.rand([2, 3, 32, 32]))).backward()
    optimiser.step()
    moved = {n for n, t in network.state_dict().items() if (t.numpy() != before[n]).any()}
    convs = {n for n in before if n.startswith("stages") and n.endswith("conv.weight")}
    assert moved == convs


def test_from_scratch_everything_is_trained() -> None:
    network = HGNetV2((4, 8), SIZES, frozen=False)
    still = {name for name, p in network.named_parameters() if p.stop_gradient}
    assert all(name.endswith(("bn._mean", "bn._variance")) for name in still)
    before = network.stem.stem1.bn._mean.numpy().copy()
    network(paddle.rand([2, 3, 32, 32]))
    assert (network.stem.stem1.bn._mean.numpy() != before).any()
