"""CSPRepResNet, the backbone of PP-YOLOE (arXiv:2203.16250 sec. 2.2, Fig. 3)."""

from __future__ import annotations

from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_train.layers.conv_bn import ConvBN
from instseg_train.layers.rep_vgg import RepVggBlock


class RepResBlock(nn.Layer):
    """A 3x3 convolution and a RepVGG block; `shortcut` adds the input to the result."""

    def __init__(self, channels: int, shortcut: bool, weighted: bool = False):
        super().__init__()
        self.conv1 = ConvBN(channels, channels, 3, act=F.swish)
        self.conv2 = RepVggBlock(channels, channels, F.swish, weighted)
        self.shortcut = shortcut

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, C, H, W] -> the same shape."""
        y = self.conv2(self.conv1(x))
        return x + y if self.shortcut else y


class ChannelAttention(nn.Layer):
    """Effective squeeze and excitation (arXiv:1911.06667, "eSE")."""

    def __init__(self, channels: int):
        super().__init__()
        self.fc = nn.Conv2D(channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, C, H, W] -> the same shape."""
        return x * F.hardsigmoid(self.fc(x.mean((2, 3), keepdim=True)))


class CspRepResStage(nn.Layer):
    """Halves the size; half of the channels go through the blocks, the other half past them."""

    def __init__(self, in_channels: int, out_channels: int, blocks: int):
        super().__init__()
        middle = (in_channels + out_channels) // 2
        half = middle // 2
        self.conv_down = ConvBN(in_channels, middle, 3, stride=2, act=F.swish)
        self.conv1 = ConvBN(middle, half, 1, act=F.swish)
        self.conv2 = ConvBN(middle, half, 1, act=F.swish)
        self.blocks = nn.Sequential(
            *[RepResBlock(half, shortcut=True, weighted=True) for _ in range(blocks)]
        )
        self.attn = ChannelAttention(2 * half)
        self.conv3 = ConvBN(2 * half, out_channels, 1, act=F.swish)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H / 2, W / 2]."""
        x = self.conv_down(x)
        past, through = self.conv1(x), self.blocks(self.conv2(x))
        return self.conv3(self.attn(paddle.concat([past, through], axis=1)))


class CspRepResNet(nn.Layer):
    """channels: of the stem and of each stage; blocks: of each stage."""

    def __init__(self, channels: Sequence[int], blocks: Sequence[int]):
        super().__init__()
        stem = channels[0]
        self.stem = nn.Sequential(
            ("conv1", ConvBN(3, stem // 2, 3, stride=2, act=F.swish)),
            ("conv2", ConvBN(stem // 2, stem // 2, 3, act=F.swish)),
            ("conv3", ConvBN(stem // 2, stem, 3, act=F.swish)),
        )
        self.stages = nn.LayerList(
            [
                CspRepResStage(before, after, count)
                for before, after, count in zip(channels[:-1], channels[1:], blocks, strict=True)
            ]
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """float32 [N, 3, H, W] -> features of all stages but the first, strides 8, 16, 32."""
        x = self.stem(image)
        features = []
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features[1:]
