"""The neck of Mask-RT-DETR: hybrid encoder and mask prototypes.

The hybrid encoder (arXiv:2304.08069 sec. 4.2) lets one level attend to itself and then mixes the
levels top-down and bottom-up. Prototypes of stride 4 are made of its outputs and of the backbone's
finest level (PaddleDetection hybrid_encoder.py), in the manner of the pixel embedding of Mask DINO
(arXiv:2206.02777 sec. 3.3).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn
from paddle.nn.initializer import Uniform

from instseg_train.layers.batch_norm import batch_norm
from instseg_train.layers.conv_bn import ConvBN
from instseg_train.layers.paired import paired
from instseg_train.layers.rep_vgg import RepVggBlock
from instseg_train.necks.self_attention import SelfAttentionEncoder
from instseg_train.necks.sine_position import SinePositions


def conv(in_channels: int, out_channels: int, kernel: int, stride: int = 1) -> ConvBN:
    """Convolution, batch norm and SiLU; the kernel starts uniformly within 1 / sqrt(inputs)."""
    layer = ConvBN(in_channels, out_channels, kernel, stride, act=F.silu)
    bound = 1 / math.sqrt(in_channels * kernel * kernel)
    Uniform(-bound, bound)(layer.conv.weight)
    return layer


class CspRepLayer(nn.Layer):
    """Two 1x1 paths, one of them through RepVGG blocks, added up."""

    def __init__(self, in_channels: int, out_channels: int, hidden: int, blocks: int):
        super().__init__()
        self.conv1 = conv(in_channels, hidden, 1)
        self.conv2 = conv(in_channels, hidden, 1)
        self.bottlenecks = nn.Sequential(
            *(RepVggBlock(hidden, hidden, F.silu) for _ in range(blocks))
        )
        self.conv3 = conv(hidden, out_channels, 1) if hidden != out_channels else nn.Identity()

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H, W]."""
        return self.conv3(self.bottlenecks(self.conv1(x)) + self.conv2(x))


class MaskFeatures(nn.Layer):
    """Brings all levels to the size of the finest, adds them up, and smoothes the sum."""

    def __init__(self, in_channels: int, width: int, out_channels: int, levels: int):
        super().__init__()
        heads = []
        for level in range(levels):
            steps: list[nn.Layer] = []
            for step in range(max(1, level)):
                ins = in_channels if step == 0 else width
                steps.append(nn.Sequential(conv(ins, width, 3)))
                if level > 0:
                    steps.append(nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False))
            heads.append(nn.Sequential(*steps))
        self.scale_heads = nn.LayerList(heads)
        self.output_conv = conv(width, out_channels, 3)

    def forward(self, levels: Sequence[Tensor]) -> Tensor:
        """float32 maps [N, in_channels, H / 2^i, W / 2^i] -> [N, out_channels, H, W]."""
        first, *others = (head(x) for head, x in paired(self.scale_heads, levels))
        for other in others:
            first = first + other
        return self.output_conv(first)


class MaskHybridEncoder(nn.Layer):
    """Three mixed levels of strides 8, 16 and 32, and mask prototypes of stride 4.

    in_channels     of the backbone's levels of strides 4, 8, 16, 32
    hidden          channels of the three levels
    attended        which of the three levels attends to itself
    layers          of its self-attention
    feedforward     width between them
    expansion       width of the mixing blocks, as a fraction of `hidden`
    blocks          RepVGG blocks in each of them
    mask_channels   width of the mask features, and their number at the end
    prototypes      number of prototypes
    """

    def __init__(
        self,
        in_channels: Sequence[int],
        *,
        hidden: int,
        attended: int,
        layers: int,
        heads: int,
        feedforward: int,
        expansion: float,
        blocks: int,
        mask_channels: tuple[int, int],
        prototypes: int,
    ):
        super().__init__()
        self.hidden = hidden
        self.attended = attended
        finest, *rest = in_channels
        self.input_proj = nn.LayerList(
            [
                nn.Sequential(
                    nn.Conv2D(channels, hidden, 1, bias_attr=False),
                    batch_norm(hidden),
                )
                for channels in rest
            ]
        )
        self.encoder = nn.LayerList([SelfAttentionEncoder(hidden, heads, feedforward, layers)])
        self.positions = SinePositions(hidden)
        inner = int(hidden * expansion)

        def mixers() -> nn.LayerList:
            return nn.LayerList([CspRepLayer(2 * hidden, hidden, inner, blocks) for _ in rest[1:]])

        self.lateral_convs = nn.LayerList([conv(hidden, hidden, 1) for _ in rest[1:]])
        self.fpn_blocks = mixers()
        self.downsample_convs = nn.LayerList([conv(hidden, hidden, 3, stride=2) for _ in rest[1:]])
        self.pan_blocks = mixers()

        width, features = mask_channels
        self.mask_feat_head = MaskFeatures(hidden, width, features, len(rest))
        self.enc_mask_lateral = conv(finest, features, 3)
        self.enc_mask_output = nn.Sequential(
            conv(features, features, 3), nn.Conv2D(features, prototypes, 1)
        )

    def forward(self, features: Sequence[Tensor]) -> tuple[list[Tensor], Tensor]:
        """Four maps float32 [N, in_channels[i], H / 2^(i + 2), W / 2^(i + 2)], H and W multiples of
        32 -> three maps [N, hidden, H / 2^(i + 3), W / 2^(i + 3)] and prototypes [N, P, H/4, W/4].
        """
        finest, *rest = features
        levels = [project(level) for project, level in paired(self.input_proj, rest)]
        levels[self.attended] = self._attend(levels[self.attended])
        levels = self._bottom_up(self._top_down(levels))

        masks = F.interpolate(
            self.mask_feat_head(levels), scale_factor=2, mode="bilinear", align_corners=False
        )
        return levels, self.enc_mask_output(masks + self.enc_mask_lateral(finest))

    def _attend(self, level: Tensor) -> Tensor:
        """[N, hidden, h, w] -> the same, every place having looked at every other."""
        height, width = level.shape[2:]
        tokens = level.flatten(2).transpose([0, 2, 1])
        tokens = self.encoder[0](tokens, self.positions(height, width))
        return tokens.transpose([0, 2, 1]).reshape([-1, self.hidden, height, width])

    def _top_down(self, levels: list[Tensor]) -> list[Tensor]:
        """Adds what coarser levels know; the coarser ones come back after their lateral convs."""
        mixed = [levels[-1]]
        for lateral, mix, finer in paired(
            self.lateral_convs, self.fpn_blocks, reversed(levels[:-1])
        ):
            mixed[0] = lateral(mixed[0])
            upsampled = F.interpolate(mixed[0], scale_factor=2.0, mode="nearest")
            mixed.insert(0, mix(paddle.concat([upsampled, finer], axis=1)))
        return mixed

    def _bottom_up(self, levels: list[Tensor]) -> list[Tensor]:
        mixed = [levels[0]]
        for reduce, mix, coarser in paired(self.downsample_convs, self.pan_blocks, levels[1:]):
            mixed.append(mix(paddle.concat([reduce(mixed[-1]), coarser], axis=1)))
        return mixed
