"""Category and kernel branches of SOLOv2 (arXiv:2003.10152, "Mask kernel"; arXiv:1912.04488)."""

from __future__ import annotations

import math
from collections.abc import Sequence

import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Constant, Normal

from instseg_train.models.solov2.conv_group_norm import ConvGroupNorm, with_coordinates

STACKED_CONVS = 4


class GridBranches(nn.Layer):
    """Layers that all levels share: towers of convolutions, and what predicts from them."""

    def __init__(self, num_classes: int, in_channels: int, width: int, kernel_channels: int):
        super().__init__()

        def tower(entering: int) -> nn.LayerList:
            ins = [entering] + [width] * (STACKED_CONVS - 1)
            return nn.LayerList([ConvGroupNorm(channels, width, 3) for channels in ins])

        self.kernel_convs = tower(in_channels + 2)
        self.cate_convs = tower(in_channels)
        self.solo_kernel = _prediction(width, kernel_channels, 0.0)
        # Every class starts with probability 0.01.
        self.solo_cate = _prediction(width, num_classes, -math.log((1 - 0.01) / 0.01))


def _prediction(in_channels: int, out_channels: int, bias: float) -> nn.Conv2D:
    return nn.Conv2D(
        in_channels,
        out_channels,
        3,
        padding=1,
        weight_attr=ParamAttr(initializer=Normal(0.0, 0.01)),
        bias_attr=ParamAttr(initializer=Constant(bias)),
    )


class SOLOv2Head(nn.Layer):
    """grids: cells per side of each level, fine to coarse. K classes, D kernel_channels below."""

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        width: int,
        kernel_channels: int,
        grids: Sequence[int],
    ):
        super().__init__()
        self.grids = tuple(grids)
        self.bbox_head = GridBranches(num_classes, in_channels, width, kernel_channels)
        # Layers of two names, as in official checkpoints.
        self.solo_kernel = self.bbox_head.solo_kernel
        self.solo_cate = self.bbox_head.solo_cate

    def forward(self, pyramid: Sequence[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """float32 [N, C, H / s, W / s] of strides 4, 8, 16, 32, 64 -> per level categories and
        kernels [N, D, g, g].

        Categories are logits [N, K, g, g] in training mode; in evaluation mode scores [N, g, g, K]
        in 0..1, 0 where a neighbour has more (points NMS).
        """
        finest = F.interpolate(pyramid[0], scale_factor=0.5, mode="bilinear")
        coarsest = F.interpolate(pyramid[4], size=pyramid[3].shape[-2:], mode="bilinear")
        levels = [finest, pyramid[1], pyramid[2], pyramid[3], coarsest]
        categories, kernels = [], []
        for i in range(len(self.grids)):
            size = [self.grids[i], self.grids[i]]
            x = F.interpolate(with_coordinates(levels[i]), size=size, mode="bilinear")
            kernels.append(self._kernels(x))
            logits = self._categories(x[:, :-2])
            categories.append(logits if self.training else _points_nms(F.sigmoid(logits)))
        return categories, kernels

    def _kernels(self, x: Tensor) -> Tensor:
        for conv in self.bbox_head.kernel_convs:
            x = F.relu(conv(x))
        return self.bbox_head.solo_kernel(x)

    def _categories(self, x: Tensor) -> Tensor:
        for conv in self.bbox_head.cate_convs:
            x = F.relu(conv(x))
        return self.bbox_head.solo_cate(x)


def _points_nms(scores: Tensor) -> Tensor:
    """[N, K, g, g] -> [N, g, g, K]: 0 where the cell above, left or upper left has more."""
    largest = F.max_pool2d(scores, kernel_size=2, stride=1, padding=1)[:, :, :-1, :-1]
    return (scores * (largest == scores).astype("float32")).transpose([0, 2, 3, 1])
