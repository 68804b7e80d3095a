"""PP-HGNetV2, the backbone of Mask-RT-DETR (channels as in PaddleDetection hgnet_v2.py).

A stem of stride 4, then four stages of strides 4, 8, 16 and 32. A block runs its layers one after
another and joins the outputs of all of them, and its input, by two 1x1 convolutions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import KaimingNormal

from instseg_train.layers.batch_norm import batch_norm

STRIDES = (4, 8, 16, 32)


@dataclass(frozen=True)
class StageSize:
    """One stage: `blocks` of `layers` with `mid` channels each, and `out` channels at the end."""

    mid: int
    out: int
    blocks: int
    layers: int


class ConvNorm(nn.Layer):
    """Convolution without bias, batch norm, and ReLU where `relu`.

    A frozen norm always uses its running statistics and is not trained. `lr` multiplies the
    learning rate of all parameters.
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        stride: int = 1,
        groups: int = 1,
        relu: bool = True,
        *,
        frozen: bool,
        lr: float,
    ):
        super().__init__()
        self.conv = nn.Conv2D(
            in_channels,
            out_channels,
            kernel,
            stride=stride,
            padding="SAME" if kernel % 2 == 0 else kernel // 2,
            groups=groups,
            weight_attr=ParamAttr(initializer=KaimingNormal(), learning_rate=lr),
            bias_attr=False,
        )
        self.bn = batch_norm(out_channels, frozen=frozen, learning_rate=lr)
        self.relu = relu

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H / stride, W / stride]."""
        x = self.bn(self.conv(x))
        return F.relu(x) if self.relu else x


class LightConvNorm(nn.Layer):
    """A 1x1 convolution and a depthwise one of size `kernel`, ReLU after the second."""

    def __init__(
        self, in_channels: int, out_channels: int, kernel: int, *, frozen: bool, lr: float
    ):
        super().__init__()
        self.conv1 = ConvNorm(in_channels, out_channels, 1, relu=False, frozen=frozen, lr=lr)
        self.conv2 = ConvNorm(
            out_channels, out_channels, kernel, groups=out_channels, frozen=frozen, lr=lr
        )

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H, W]."""
        return self.conv2(self.conv1(x))


class Stem(nn.Layer):
    """Stride 4: a convolutional and a max-pooled branch between two strided convolutions."""

    def __init__(self, mid: int, out: int, *, frozen: bool, lr: float):
        super().__init__()
        self.stem1 = ConvNorm(3, mid, 3, stride=2, frozen=frozen, lr=lr)
        self.stem2a = ConvNorm(mid, mid // 2, 2, frozen=frozen, lr=lr)
        self.stem2b = ConvNorm(mid // 2, mid, 2, frozen=frozen, lr=lr)
        self.stem3 = ConvNorm(2 * mid, mid, 3, stride=2, frozen=frozen, lr=lr)
        self.stem4 = ConvNorm(mid, out, 1, frozen=frozen, lr=lr)
        self.pool = nn.MaxPool2D(2, stride=1, padding="SAME", ceil_mode=True)
        if frozen:
            for parameter in self.parameters():
                parameter.stop_gradient = True

    def forward(self, image: Tensor) -> Tensor:
        """float32 [N, 3, H, W] -> [N, out, H / 4, W / 4]."""
        x = self.stem1(image)
        x = paddle.concat([self.pool(x), self.stem2b(self.stem2a(x))], axis=1)
        return self.stem4(self.stem3(x))


class Block(nn.Layer):
    """`layers` convolutions in a row; input and all outputs joined; a shortcut where `residual`."""

    def __init__(
        self,
        in_channels: int,
        size: StageSize,
        *,
        light: bool,
        kernel: int,
        residual: bool,
        frozen: bool,
        lr: float,
    ):
        super().__init__()
        kind = LightConvNorm if light else ConvNorm
        ins = [in_channels] + [size.mid] * (size.layers - 1)
        self.layers = nn.LayerList([kind(i, size.mid, kernel, frozen=frozen, lr=lr) for i in ins])
        joined = in_channels + size.layers * size.mid
        half = size.out // 2
        self.aggregation_squeeze_conv = ConvNorm(joined, half, 1, frozen=frozen, lr=lr)
        self.aggregation_excitation_conv = ConvNorm(half, size.out, 1, frozen=frozen, lr=lr)
        self.residual = residual

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out, H, W]."""
        outputs = [x]
        for layer in self.layers:
            outputs.append(layer(outputs[-1]))
        joined = self.aggregation_squeeze_conv(paddle.concat(outputs, axis=1))
        joined = self.aggregation_excitation_conv(joined)
        return joined + x if self.residual else joined


class Stage(nn.Layer):
    """Halves the size by a depthwise convolution where `downsample`, then runs its blocks."""

    def __init__(
        self,
        in_channels: int,
        size: StageSize,
        *,
        downsample: bool,
        light: bool,
        kernel: int,
        frozen: bool,
        lr: float,
    ):
        super().__init__()
        self.downsample: nn.Layer | None = None
        if downsample:
            self.downsample = ConvNorm(
                in_channels, in_channels, 3, 2, in_channels, relu=False, frozen=frozen, lr=lr
            )
        ins = [in_channels] + [size.out] * (size.blocks - 1)
        self.blocks = nn.Sequential(
            *(
                Block(
                    channels,
                    size,
                    light=light,
                    kernel=kernel,
                    residual=index > 0,
                    frozen=frozen,
                    lr=lr,
                )
                for index, channels in enumerate(ins)
            )
        )

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out, H, W], or half of H and W."""
        if self.downsample is not None:
            x = self.downsample(x)
        return self.blocks(x)


class HGNetV2(nn.Layer):
    """PP-HGNetV2 with the outputs of all four stages.

    stem    channels inside and at the end of the stem
    stages  four sizes
    frozen  as the official models are trained: every norm keeps its statistics and its affine
            parameters, and the stem is not trained. False: all is trained, to start from scratch
    lr      multiplies the learning rate of the stages
    """

    def __init__(
        self,
        stem: tuple[int, int],
        stages: Sequence[StageSize],
        *,
        frozen: bool = True,
        lr: float = 1.0,
    ):
        super().__init__()
        self.channels = [stage.out for stage in stages]
        self.stem = Stem(*stem, frozen=frozen, lr=0.0 if frozen else lr)
        ins = [stem[1], *self.channels[:-1]]
        self.stages = nn.LayerList(
            [
                Stage(
                    channels,
                    size,
                    downsample=index > 0,
                    light=index > 1,
                    kernel=5 if index > 1 else 3,
                    frozen=frozen,
                    lr=lr,
                )
                for index, (channels, size) in enumerate(zip(ins, stages, strict=True))
            ]
        )

    def forward(self, image: Tensor) -> list[Tensor]:
        """float32 [N, 3, H, W] -> four maps [N, channels[i], H / STRIDES[i], W / STRIDES[i]]."""
        features = []
        x = self.stem(image)
        for stage in self.stages:
            x = stage(x)
            features.append(x)
        return features
