"""The feature pyramid, against sums written out with NumPy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import paddle

from instseg_train.necks.fpn import FPN

Array = npt.NDArray[np.float64]


def conv(x: Array, weight: Array, bias: Array) -> Array:
    """[C, H, W], [out, C, k, k]: sums over windows, zeros around."""
    k = weight.shape[-1]
    padded = np.pad(x, ((0, 0), (k // 2, k // 2), (k // 2, k // 2)))
    found = np.zeros([len(weight), *x.shape[1:]])
    for i in range(x.shape[1]):
        for j in range(x.shape[2]):
            window = padded[:, i : i + k, j : j + k]
            found[:, i, j] = (window * weight).sum((1, 2, 3)) + bias
    return found


def test_levels_equal_the_written_out_ones() -> None:
    random = np.random.default_rng(0)
    channels = [3, 4, 5, 6]
    neck = FPN(channels, 7)
    for tensor in neck.state_dict().values():
        tensor.set_value(random.normal(0, 0.3, tensor.shape).astype(np.float32))
    maps = [random.normal(size=[c, 16 >> i, 32 >> i]) for i, c in enumerate(channels)]
    found = neck([paddle.to_tensor(x[None].astype(np.float32)) for x in maps])

    state = {key: tensor.numpy().astype(np.float64) for key, tensor in neck.state_dict().items()}

    def layer(x: Array, name: str) -> Array:
        return conv(x, state[f"{name}.weight"], state[f"{name}.bias"])

    merged = [
        layer(x, f"fpn_inner_res{i + 2}_sum" + ("_lateral" if i < 3 else ""))
        for i, x in enumerate(maps)
    ]
    for i in (2, 1, 0):
        for y in range(merged[i].shape[1]):
            for x in range(merged[i].shape[2]):
                merged[i][:, y, x] += merged[i + 1][:, y // 2, x // 2]
    expected = [layer(x, f"fpn_res{i + 2}_sum") for i, x in enumerate(merged)]
    expected.append(expected[3][:, ::2, ::2])
    assert [level.shape[1:] for level in found] == [[7, 16 >> i, 32 >> i] for i in range(5)]
    for level, wanted in zip(found, expected, strict=True):
        np.testing.assert_allclose(level.numpy()[0], wanted, rtol=1e-4, atol=1e-5)
