"""The two paths of the neck: what reaches what, at which size."""

from __future__ import annotations

import numpy as np
import paddle
import paddle.nn.functional as F

from instseg_train.necks.csp_pan import CspPan, PyramidPooling


def features(seed: int = 0) -> list[paddle.Tensor]:
    random = np.random.default_rng(seed)
    return [
        paddle.to_tensor(random.normal(size=[2, c, s, 2 * s]).astype("float32"))
        for c, s in [(8, 16), (12, 8), (16, 4)]
    ]


def test_equals_the_paths_written_out() -> None:
    neck = CspPan([8, 12, 16], [24, 16, 8], blocks=1)
    neck.eval()
    fine, middle, coarse = features()

    def enlarged(x: paddle.Tensor) -> paddle.Tensor:
        return F.upsample(x, scale_factor=2, mode="nearest")

    def joined(*parts: paddle.Tensor) -> paddle.Tensor:
        return paddle.concat(parts, axis=1)

    top = neck.fpn_stages[0](coarse)
    centre = neck.fpn_stages[1](joined(enlarged(neck.fpn_routes[0](top)), middle))
    p8 = neck.fpn_stages[2](joined(enlarged(neck.fpn_routes[1](centre)), fine))
    p16 = neck.pan_stages[1](joined(neck.pan_routes[1](p8), centre))
    p32 = neck.pan_stages[0](joined(neck.pan_routes[0](p16), top))
    for found, expected in zip(neck([fine, middle, coarse]), [p32, p16, p8], strict=True):
        np.testing.assert_array_equal(found.numpy(), expected.numpy())
    assert [p.shape for p in (p32, p16, p8)] == [[2, 24, 4, 8], [2, 16, 8, 16], [2, 8, 16, 32]]


def test_pyramid_pooling_takes_maxima_of_windows_cut_at_the_border() -> None:
    pooling = PyramidPooling(3)
    x = np.random.default_rng(1).normal(size=[1, 3, 9, 11]).astype("float32")
    joined = []
    pooling.conv.register_forward_pre_hook(lambda _, inputs: joined.append(inputs[0].numpy()))
    pooling(paddle.to_tensor(x))
    expected = [x]
    for side in (5, 9, 13):
        half, y = side // 2, np.empty_like(x)
        for i in range(9):
            for j in range(11):
                window = x[:, :, max(i - half, 0) : i + half + 1, max(j - half, 0) : j + half + 1]
                y[:, :, i, j] = window.max((2, 3))
        expected.append(y)
    np.testing.assert_array_equal(joined[0], np.concatenate(expected, 1))


def test_only_the_coarsest_stage_pools() -> None:
    neck = CspPan([8, 12, 16], [24, 16, 8], blocks=3)
    pools = [name for name, layer in neck.named_sublayers() if isinstance(layer, PyramidPooling)]
    assert pools == ["fpn_stages.0.0.convs.spp"]
