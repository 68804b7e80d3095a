"""RepVGG block: a 3x3 and a 1x1 branch in training, one 3x3 convolution at inference."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Constant

from instseg_train.layers.conv_bn import Activation, ConvBN


class RepVggBlock(nn.Layer):
    """arXiv:2101.03697 sec. 3, without the identity branch.

    With `weighted`, a learnt scalar `alpha` (starting at 1) multiplies the 1x1 branch. `fuse` puts
    the single convolution `conv` in the place of both branches.
    """

    def __init__(
        self, in_channels: int, out_channels: int, act: Activation, weighted: bool = False
    ):
        super().__init__()
        self.conv1 = ConvBN(in_channels, out_channels, 3)
        self.conv2 = ConvBN(in_channels, out_channels, 1)
        self.alpha = (
            self.create_parameter([1], attr=ParamAttr(initializer=Constant(1.0)))
            if weighted
            else None
        )
        self.conv: nn.Conv2D | None = None
        self.act = act

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H, W]."""
        if self.conv is not None:
            return self.act(self.conv(x))
        point = self.conv2(x)
        if self.alpha is not None:
            point = self.alpha * point
        return self.act(self.conv1(x) + point)

    def fuse(self) -> None:
        """Replaces the branches by one convolution with the outputs they have in evaluation mode.

        Does nothing where that is done already; there is no way back to the branches.
        """
        if self.conv is not None:
            return
        with paddle.no_grad():
            kernel, bias = _folded(self.conv1)
            point_kernel, point_bias = _folded(self.conv2)
            point_kernel = F.pad(point_kernel, [1, 1, 1, 1])
            if self.alpha is not None:
                point_kernel, point_bias = self.alpha * point_kernel, self.alpha * point_bias
            out_channels, in_channels = kernel.shape[:2]
            conv = nn.Conv2D(in_channels, out_channels, 3, padding=1)
            conv.weight.set_value(kernel + point_kernel)
            conv.bias.set_value(bias + point_bias)
        del self.conv1, self.conv2
        self.alpha = None
        self.conv = conv


def _folded(branch: ConvBN) -> tuple[Tensor, Tensor]:
    """Kernel [out, in, k, k] and bias [out] that do what the convolution and its norm do."""
    norm = branch.bn
    deviation = (norm._variance + norm._epsilon).sqrt()
    scale = norm.weight / deviation
    return branch.conv.weight * scale.reshape([-1, 1, 1, 1]), norm.bias - norm._mean * scale


def fuse_rep_vgg_blocks(network: nn.Layer) -> None:
    """Fuses every RepVggBlock of the network, in place."""
    for layer in network.sublayers():
        if isinstance(layer, RepVggBlock):
            layer.fuse()
