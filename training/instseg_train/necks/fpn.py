"""Feature pyramid network (arXiv:1612.03144, section 3), with one more, coarser level on top."""

from __future__ import annotations

from collections.abc import Sequence

import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import XavierUniform


class FPN(nn.Layer):
    """From a ResNet's four maps to five of equal channels.

    Per level: a 1x1 convolution, plus the level above it, enlarged twice (nearest); then a 3x3
    convolution. The fifth level is every second pixel of the fourth (for anchors of 512 pixels).
    Names as in PaddleDetection fpn.py.
    """

    def __init__(self, in_channels: Sequence[int], out_channels: int = 256):
        super().__init__()
        self.out_channels = out_channels
        self.laterals: list[nn.Layer] = []
        self.outputs: list[nn.Layer] = []
        top = len(in_channels) - 1
        first = 5 - top  # the number of the finest level: res2 of four
        for i, channels in enumerate(in_channels):
            name = f"res{first + i}_sum"
            lateral = nn.Conv2D(channels, out_channels, 1, weight_attr=_xavier(channels))
            output = nn.Conv2D(
                out_channels, out_channels, 3, padding=1, weight_attr=_xavier(out_channels * 9)
            )
            suffix = "" if i == top else "_lateral"
            self.laterals.append(self.add_sublayer(f"fpn_inner_{name}{suffix}", lateral))
            self.outputs.append(self.add_sublayer(f"fpn_{name}", output))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """float32 [N, C_i, H / s, W / s] for s = 4, 8, 16, 32 -> float32 [N, C, H / s, W / s] for
        s = 4, 8, 16, 32, 64, with C = out_channels. H and W are multiples of 32."""
        maps = [lateral(features[i]) for i, lateral in enumerate(self.laterals)]
        for i in range(len(maps) - 1, 0, -1):
            maps[i - 1] = maps[i - 1] + F.interpolate(maps[i], scale_factor=2.0, mode="nearest")
        levels = [output(maps[i]) for i, output in enumerate(self.outputs)]
        return [*levels, F.max_pool2d(levels[-1], kernel_size=1, stride=2)]


def _xavier(fan_out: int) -> ParamAttr:
    return ParamAttr(initializer=XavierUniform(fan_out=fan_out))
