"""CSPRepResNet against its blocks written out with NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import paddle

from instseg_train.backbones.csp_rep_resnet import CspRepResNet, CspRepResStage

Array = npt.NDArray[np.float64]
State = dict[str, Array]


def conv(x: Array, weight: Array, stride: int = 1) -> Array:
    """[C, H, W], [out, C, k, k]: sums over windows, zeros around."""
    k = weight.shape[-1]
    x = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    rows = range(0, x.shape[1] - k + 1, stride)
    columns = range(0, x.shape[2] - k + 1, stride)
    return np.array(
        [[[(x[:, i : i + k, j : j + k] * w).sum() for j in columns] for i in rows] for w in weight]
    )


def swish(x: Array) -> Array:
    return x / (1 + np.exp(-x))


def brick(x: Array, state: State, name: str, stride: int = 1) -> Array:
    """Convolution and norm, before the activation."""
    bn = {key: state[f"{name}.bn.{key}"][:, None, None] for key in ("_mean", "weight", "bias")}
    deviation = np.sqrt(state[f"{name}.bn._variance"][:, None, None] + 1e-5)
    y = conv(x, state[f"{name}.conv.weight"], stride)
    return (y - bn["_mean"]) / deviation * bn["weight"] + bn["bias"]


def slow_stage(x: Array, state: State, blocks: int) -> Array:
    x = swish(brick(x, state, "conv_down", 2))
    past, through = swish(brick(x, state, "conv1")), swish(brick(x, state, "conv2"))
    for i in range(blocks):
        y = swish(brick(through, state, f"blocks.{i}.conv1"))
        name = f"blocks.{i}.conv2"
        point = state[f"{name}.alpha"] * brick(y, state, f"{name}.conv2")
        through = through + swish(brick(y, state, f"{name}.conv1") + point)
    joined = np.concatenate([past, through])
    weight, bias = state["attn.fc.weight"][:, :, 0, 0], state["attn.fc.bias"]
    gate = np.clip((weight @ joined.mean((1, 2)) + bias) / 6 + 0.5, 0, 1)
    return swish(brick(joined * gate[:, None, None], state, "conv3"))


def test_stage_equals_the_written_out_one() -> None:
    random = np.random.default_rng(1)
    stage = CspRepResStage(6, 10, blocks=2)
    for name, tensor in stage.state_dict().items():
        values = random.normal(0.0, 0.3, tensor.shape)
        tensor.set_value(
            (np.abs(values) + 0.5 if "_variance" in name else values).astype("float32")
        )
    stage.eval()
    state = {name: t.numpy().astype(np.float64) for name, t in stage.state_dict().items()}
    x = random.normal(size=[6, 7, 10])
    found = stage(paddle.to_tensor(x[None].astype("float32"))).numpy()[0]
    np.testing.assert_allclose(found, slow_stage(x, state, 2), rtol=1e-4, atol=1e-5)


def test_features_have_strides_8_16_32() -> None:
    network = CspRepResNet([8, 16, 24, 32, 40], [1, 1, 2, 1])
    shapes = [feature.shape for feature in network(paddle.zeros([2, 3, 64, 96]))]
    assert shapes == [[2, 24, 8, 12], [2, 32, 4, 6], [2, 40, 2, 3]]
