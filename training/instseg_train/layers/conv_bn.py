"""Convolution, batch normalisation and activation: the brick of networks with trained norms."""

from __future__ import annotations

from collections.abc import Callable

from paddle import Tensor, nn

from instseg_train.layers.batch_norm import batch_norm

Activation = Callable[[Tensor], Tensor]


class ConvBN(nn.Layer):
    """act(bn(conv(x))), without a bias in the convolution; the size stays but for the stride."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        act: Activation | None = None,
    ):
        super().__init__()
        self.conv = nn.Conv2D(
            in_channels,
            out_channels,
            kernel,
            stride=stride,
            padding=(kernel - 1) // 2,
            groups=groups,
            bias_attr=False,
        )
        self.bn = batch_norm(out_channels)
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H / stride, W / stride]."""
        x = self.bn(self.conv(x))
        return x if self.act is None else self.act(x)
