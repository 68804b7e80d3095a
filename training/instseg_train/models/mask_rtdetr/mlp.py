"""Multi-layer perceptron of DETR's heads (arXiv:2005.12872 sec. 3.2)."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_train.layers.linear import uniform_linear


class Mlp(nn.Layer):
    """Linear layers of these widths, ReLU between them."""

    def __init__(self, widths: Sequence[int]):
        super().__init__()
        self.layers = nn.LayerList([uniform_linear(ins, outs) for ins, outs in pairwise(widths)])

    def forward(self, x: Tensor) -> Tensor:
        """float32 [..., widths[0]] -> [..., widths[-1]]."""
        for index, layer in enumerate(self.layers):
            x = layer(x) if index == 0 else layer(F.relu(x))
        return x
