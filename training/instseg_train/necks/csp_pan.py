"""Path aggregation network of PP-YOLOE: RepResBlocks between cross stage partial connections.

arXiv:2203.16250 sec. 2.2; the two paths, coarse to fine and back, are those of arXiv:1803.01534.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import paddle
import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_train.backbones.csp_rep_resnet import RepResBlock
from instseg_train.layers.conv_bn import ConvBN


class PyramidPooling(nn.Layer):
    """Spatial pyramid pooling: maxima over windows of 5, 9 and 13 pixels beside the input."""

    def __init__(self, channels: int):
        super().__init__()
        self.pools = nn.LayerList([nn.MaxPool2D(k, stride=1, padding=k // 2) for k in (5, 9, 13)])
        self.conv = ConvBN(channels * 4, channels, 1, act=F.swish)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, C, H, W] -> the same shape."""
        return self.conv(paddle.concat([x, *[pool(x) for pool in self.pools]], axis=1))


class CspStage(nn.Layer):
    """Half of the output's channels go through blocks, the other half past them."""

    def __init__(self, in_channels: int, out_channels: int, blocks: int, pooling: bool = False):
        super().__init__()
        half = out_channels // 2
        self.conv1 = ConvBN(in_channels, half, 1, act=F.swish)
        self.conv2 = ConvBN(in_channels, half, 1, act=F.swish)
        self.convs = nn.Sequential()
        for i in range(blocks):
            self.convs.add_sublayer(str(i), RepResBlock(half, shortcut=False))
            if pooling and i == (blocks - 1) // 2:
                self.convs.add_sublayer("spp", PyramidPooling(half))
        self.conv3 = ConvBN(2 * half, out_channels, 1, act=F.swish)

    def forward(self, x: Tensor) -> Tensor:
        """float32 [N, in_channels, H, W] -> [N, out_channels, H, W]."""
        return self.conv3(paddle.concat([self.conv1(x), self.convs(self.conv2(x))], axis=1))


class CspPan(nn.Layer):
    """in_channels: of the features, fine to coarse; out_channels: of results, coarse to fine."""

    def __init__(self, in_channels: Sequence[int], out_channels: Sequence[int], blocks: int):
        super().__init__()
        self.fpn_stages, self.fpn_routes = nn.LayerList(), nn.LayerList()
        from_above = 0
        for level, (entering, leaving) in enumerate(
            zip(reversed(in_channels), out_channels, strict=True)
        ):
            stage = CspStage(entering + from_above, leaving, blocks, pooling=level == 0)
            self.fpn_stages.append(nn.Sequential(stage))
            from_above = leaving // 2
            if level < len(out_channels) - 1:
                self.fpn_routes.append(ConvBN(leaving, from_above, 1, act=F.swish))
        self.pan_stages, self.pan_routes = nn.LayerList(), nn.LayerList()
        for coarse, fine in pairwise(out_channels):
            self.pan_stages.append(nn.Sequential(CspStage(fine + coarse, coarse, blocks)))
            self.pan_routes.append(ConvBN(fine, fine, 3, stride=2, act=F.swish))

    def forward(self, features: Sequence[Tensor]) -> list[Tensor]:
        """Features fine to coarse, each half the size of the last -> as many, coarse to fine."""
        coarse_to_fine = []
        x = features[-1]
        for level, stage in enumerate(self.fpn_stages):
            if level:
                above = self.fpn_routes[level - 1](x)
                above = F.interpolate(above, scale_factor=2.0)
                x = paddle.concat([above, features[-1 - level]], axis=1)
            x = stage(x)
            coarse_to_fine.append(x)
        results = [x]
        for level in range(len(coarse_to_fine) - 2, -1, -1):
            below = self.pan_routes[level](x)
            x = self.pan_stages[level](paddle.concat([below, coarse_to_fine[level]], axis=1))
            results.append(x)
        return results[::-1]
