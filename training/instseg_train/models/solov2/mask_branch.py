"""Mask features: what a predicted kernel is convolved with (arXiv:2003.10152, "Mask feature")."""

from __future__ import annotations

import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_train.models.solov2.conv_group_norm import ConvGroupNorm, with_coordinates

LEVELS = 4


class MaskBranch(nn.Layer):
    """The four finest levels of the pyramid, each brought to stride 4, summed and mixed.

    The coarsest of them has coordinates. Names as in PaddleDetection solov2_head.py.
    """

    def __init__(self, in_channels: int, width: int, out_channels: int):
        super().__init__()
        self.paths: list[nn.Layer] = []
        for level in range(LEVELS):
            path = nn.Sequential()
            entering = in_channels + 2 if level == LEVELS - 1 else in_channels
            for i in range(max(level, 1)):
                name = f"mask_feat_head.convs_all_levels.{level}.conv{i}"
                path.add_sublayer(name, ConvGroupNorm(entering, width, 3))
                path.add_sublayer(f"{name}act", nn.ReLU())
                if level:
                    upsample = nn.Upsample(scale_factor=2, mode="bilinear")
                    path.add_sublayer(f"upsample{level}{i}", upsample)
                entering = width
            self.paths.append(self.add_sublayer(f"conv_pre_feat{level}", path))
        # One layer by two names, as in official checkpoints.
        mix = ConvGroupNorm(width, out_channels, 1)
        self.conv_pred = self.add_sublayer("mask_feat_head.conv_pred.0", mix)

    def forward(self, pyramid: list[Tensor]) -> Tensor:
        """float32 [N, C, H / s, W / s] for s = 4, 8, 16, 32 -> [N, out_channels, H / 4, W / 4]."""
        total = self.paths[0](pyramid[0])
        for level in range(1, LEVELS):
            x = pyramid[level]
            if level == LEVELS - 1:
                x = with_coordinates(x)
            total = total + self.paths[level](x)
        return F.relu(self.conv_pred(total))
