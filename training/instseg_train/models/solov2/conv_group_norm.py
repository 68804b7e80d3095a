"""Convolution with group normalisation, and coordinates as channels."""

from __future__ import annotations

import paddle
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Normal

from instseg_train.layers.batch_norm import norm_parameter

GROUPS, CHANNELS_OF_SMALL_GROUPS = 32, 4


def groups_of(channels: int) -> int:
    """GROUPS; of small variants, whose channels GROUPS does not divide, groups of 4 channels."""
    return channels // CHANNELS_OF_SMALL_GROUPS if channels % GROUPS else GROUPS


class ConvGroupNorm(nn.Layer):
    """norm(conv(x)) in groups of channels; the size stays. out_channels is a multiple of 4."""

    def __init__(self, in_channels: int, out_channels: int, kernel: int):
        super().__init__()
        self.conv = nn.Conv2D(
            in_channels,
            out_channels,
            kernel,
            padding=(kernel - 1) // 2,
            weight_attr=ParamAttr(initializer=Normal(0.0, 0.01)),
            bias_attr=False,
        )
        self.norm = nn.GroupNorm(
            groups_of(out_channels),
            out_channels,
            weight_attr=norm_parameter(),
            bias_attr=norm_parameter(),
        )

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H, W]."""
        return self.norm(self.conv(x))


def with_coordinates(x: Tensor) -> Tensor:
    """[N, C, H, W] -> [N, C + 2, H, W]: x, then y, each from -1 to 1 (arXiv:1807.03247)."""
    count, height, width = x.shape[0], x.shape[2], x.shape[3]
    rows = paddle.linspace(-1, 1, height, dtype="float32").reshape([1, 1, -1, 1])
    columns = paddle.linspace(-1, 1, width, dtype="float32").reshape([1, 1, 1, -1])
    rows = rows.expand([count, 1, height, width])
    columns = columns.expand([count, 1, height, width])
    return paddle.concat([x, columns, rows], axis=1)
