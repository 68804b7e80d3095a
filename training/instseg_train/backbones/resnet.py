"""ResNet and ResNeXt, variants b and d (vd), with the lower part frozen for detection.

ResNet: arXiv:1512.03385, Table 1; a stage's stride sits in its first 3x3 convolution (variant b).
ResNet-vd: arXiv:1812.01187, section 4.2: three 3x3 convolutions as stem, and an average pool before
the projection of a strided block. ResNeXt: arXiv:1611.05431, Table 1. Names as in PaddleDetection
resnet.py.
"""

from __future__ import annotations

from collections.abc import Sequence

import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn

from instseg.errors import InvalidArgument
from instseg_train.layers.batch_norm import batch_norm
from instseg_train.layers.scaling import scaled_blocks, scaled_channels

BLOCKS = {50: (3, 4, 6, 3), 101: (3, 4, 23, 3)}
STAGE_CHANNELS = (64, 128, 256, 512)
EXPANSION = 4
STRIDES = (4, 8, 16, 32)


class ConvNorm(nn.Layer):
    """Convolution without bias, and batch norm.

    With freeze_norm the norm keeps its statistics, scale and shift, also in training.
    learning_rate multiplies the optimiser's rate for the convolution (and for a norm that learns).
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel: int,
        *,
        stride: int = 1,
        groups: int = 1,
        relu: bool = False,
        freeze_norm: bool = True,
        learning_rate: float = 1.0,
    ):
        super().__init__()
        self.relu = relu
        self.conv = nn.Conv2D(
            in_channels,
            out_channels,
            kernel,
            stride=stride,
            padding=(kernel - 1) // 2,
            groups=groups,
            weight_attr=ParamAttr(learning_rate=learning_rate),
            bias_attr=False,
        )
        self.norm = batch_norm(out_channels, frozen=freeze_norm, learning_rate=learning_rate)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, C, H, W] -> [N, out_channels, H / stride, W / stride], rounded up."""
        x = self.norm(self.conv(x))
        return F.relu(x) if self.relu else x


class Bottleneck(nn.Layer):
    """1x1, 3x3 (strided, grouped), 1x1 convolutions around a shortcut; channels C, C, 4 * C.

    width is the number of channels between the 1x1 convolutions (ResNeXt: wider than C). project
    puts a 1x1 convolution into the shortcut; pool_shortcut (vd) averages 2x2 before it.
    """

    def __init__(
        self,
        in_channels: int,
        channels: int,
        width: int,
        *,
        stride: int = 1,
        groups: int = 1,
        project: bool = False,
        pool_shortcut: bool = False,
        freeze_norm: bool = True,
        learning_rate: float = 1.0,
    ):
        super().__init__()
        out_channels = channels * EXPANSION

        def conv(
            ins: int, outs: int, kernel: int, stride: int = 1, groups: int = 1, relu: bool = True
        ) -> ConvNorm:
            return ConvNorm(
                ins,
                outs,
                kernel,
                stride=stride,
                groups=groups,
                relu=relu,
                freeze_norm=freeze_norm,
                learning_rate=learning_rate,
            )

        self.branch2a = conv(in_channels, width, 1)
        self.branch2b = conv(width, width, 3, stride, groups)
        self.branch2c = conv(width, out_channels, 1, relu=False)
        self.project = project
        self.short: nn.Layer
        if project and pool_shortcut and stride == 2:
            self.short = nn.Sequential(
                ("pool", nn.AvgPool2D(2, stride=2, ceil_mode=True)),
                ("conv", conv(in_channels, out_channels, 1, relu=False)),
            )
        elif project:
            self.short = conv(in_channels, out_channels, 1, stride, relu=False)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, C, H, W] -> [N, 4 * channels, H / stride, W / stride], rounded up."""
        y = self.branch2c(self.branch2b(self.branch2a(x)))
        return F.relu(y + (self.short(x) if self.project else x))


class Stage(nn.Layer):
    """Bottlenecks; the first one changes the channels and (but in stage 2) halves the size.

    number is 2 to 5, as in the names of the feature maps: stage 4 has stride 16.
    """

    def __init__(
        self,
        number: int,
        in_channels: int,
        channels: int,
        blocks: int,
        *,
        width: int | None = None,
        groups: int = 1,
        pool_shortcut: bool = False,
        freeze_norm: bool = True,
        learning_rate: float = 1.0,
    ):
        super().__init__()
        self.out_channels = channels * EXPANSION
        self.blocks: list[nn.Layer] = []
        for i in range(blocks):
            block = Bottleneck(
                in_channels if i == 0 else self.out_channels,
                channels,
                channels if width is None else width,
                stride=2 if i == 0 and number > 2 else 1,
                groups=groups,
                project=i == 0,
                pool_shortcut=pool_shortcut,
                freeze_norm=freeze_norm,
                learning_rate=learning_rate,
            )
            self.blocks.append(self.add_sublayer(_block_name(number, blocks, i), block))

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, 4 * channels, H / stride, W / stride]."""
        for block in self.blocks:
            x = block(x)
        return x


def _block_name(stage: int, blocks: int, i: int) -> str:
    """res3a, res3b ...; a long stage 4 counts: res4a, res4b1, res4b2 ..."""
    if stage == 4 and blocks > 10:
        return "res4a" if i == 0 else f"res4b{i}"
    return f"res{stage}{chr(ord('a') + i)}"


class ResNet(nn.Layer):
    """The backbone: an image to the feature maps of the last `len(STRIDES)` stages or fewer.

    layers          50 or 101
    variant         "b" or "d" (vd)
    groups          ResNeXt's cardinality, with group_width channels per group in the first stage
    num_stages      stages built, of 4
    returned        which stages' outputs `forward` returns, from 0 (stride 4)
    frozen_stages   so many stages do not learn, the stem with them; 0: everything learns
    freeze_norm     norms keep their statistics, scales and shifts (for pretrained weights)
    learning_rates  multiplier of each stage
    width, depth    multipliers of channels and of blocks per stage, for small variants
    """

    def __init__(
        self,
        layers: int = 50,
        *,
        variant: str = "b",
        groups: int = 1,
        group_width: int = 64,
        num_stages: int = 4,
        returned: Sequence[int] = (0, 1, 2, 3),
        frozen_stages: int = 1,
        freeze_norm: bool = True,
        learning_rates: Sequence[float] = (1.0, 1.0, 1.0, 1.0),
        width: float = 1.0,
        depth: float = 1.0,
    ):
        super().__init__()
        if layers not in BLOCKS or variant not in ("b", "d"):
            raise InvalidArgument(f"no ResNet-{layers} of variant {variant!r}: 50 or 101, b or d")
        self.returned = tuple(returned)
        groups = groups if groups == 1 else max(1, round(groups * width))
        stem = scaled_channels(STAGE_CHANNELS[0], width)
        self.conv1 = _stem(stem, variant, freeze_norm)
        self.stages: list[Stage] = []
        in_channels = stem
        for i in range(num_stages):
            channels = scaled_channels(STAGE_CHANNELS[i], width)
            grouped_width = STAGE_CHANNELS[i] * group_width // 64 * groups
            stage = Stage(
                i + 2,
                in_channels,
                channels,
                scaled_blocks(BLOCKS[layers][i], depth),
                width=channels if groups == 1 else grouped_width,
                groups=groups,
                pool_shortcut=variant == "d",
                freeze_norm=freeze_norm,
                learning_rate=learning_rates[i],
            )
            self.stages.append(stage)
            self.add_sublayer(f"res{i + 2}", stage)
            in_channels = stage.out_channels
        self.out_channels = [self.stages[i].out_channels for i in self.returned]
        self.out_strides = [STRIDES[i] for i in self.returned]
        for part in [self.conv1, *self.stages[:frozen_stages]] if frozen_stages else []:
            for parameter in part.parameters():
                parameter.stop_gradient = True

    def forward(self, image: Tensor) -> list[Tensor]:
        """float32 [N, 3, H, W] -> the returned stages' outputs, float32 [N, C, H / s, W / s] each,
        with C of `out_channels` and s of `out_strides`."""
        x = F.max_pool2d(self.conv1(image), kernel_size=3, stride=2, padding=1)
        features = []
        for i, stage in enumerate(self.stages):
            x = stage(x)
            if i in self.returned:
                features.append(x)
        return features


def _stem(channels: int, variant: str, freeze_norm: bool) -> nn.Sequential:
    """Stride 2: one 7x7 convolution, or three of 3x3 (vd)."""
    if variant == "b":
        plan = [("conv1", 3, channels, 7, 2)]
    else:
        half = channels // 2
        plan = [
            ("conv1_1", 3, half, 3, 2),
            ("conv1_2", half, half, 3, 1),
            ("conv1_3", half, channels, 3, 1),
        ]
    return nn.Sequential(
        *(
            (name, ConvNorm(ins, outs, kernel, stride=stride, relu=True, freeze_norm=freeze_norm))
            for name, ins, outs, kernel, stride in plan
        )
    )
