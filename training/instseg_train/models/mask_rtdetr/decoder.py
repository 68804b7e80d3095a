"""The decoder: queries look at one another and at the image, and refine their boxes layer by layer.

Boxes are refined and gradients cut as in DINO (arXiv:2203.03605 sec. 3.5): the loss of a layer's
boxes trains that layer and the one before.
"""

from __future__ import annotations

from typing import NamedTuple

import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Uniform, XavierUniform

from instseg_train.layers.batch_norm import norm_parameter
from instseg_train.layers.multi_head_attention import MultiHeadAttention
from instseg_train.models.mask_rtdetr.box_geometry import inverse_sigmoid
from instseg_train.models.mask_rtdetr.deformable_attention import DeformableAttention, LevelSizes


class DecoderLayer(nn.Layer):
    """Self-attention, deformable attention and a feed-forward network, norms after the sums."""

    def __init__(self, channels: int, heads: int, feedforward: int, levels: int, points: int):
        super().__init__()
        self.self_attn = MultiHeadAttention(channels, heads)
        self.norm1 = _norm(channels)
        self.cross_attn = DeformableAttention(channels, heads, levels, points)
        self.norm2 = _norm(channels)
        self.linear1 = _linear(channels, feedforward)
        self.linear2 = _linear(feedforward, channels)
        self.norm3 = _norm(channels)

    def forward(
        self,
        query: Tensor,
        positions: Tensor,
        boxes: Tensor,
        memory: Tensor,
        sizes: LevelSizes,
        mask: Tensor | None = None,
    ) -> Tensor:
        """query and positions float32 [N, Q, C]; boxes [N, Q, 4]; memory [N, L, C]; mask [Q, Q] is
        added to the scores of self-attention -> [N, Q, C]."""
        located = query + positions
        query = self.norm1(query + self.self_attn(located, located, query, mask))
        query = self.norm2(query + self.cross_attn(query + positions, boxes, memory, sizes))
        return self.norm3(query + self.linear2(F.relu(self.linear1(query))))


class Refined(NamedTuple):
    """What a layer gives: queries [N, Q, C] and boxes [N, Q, 4] cx, cy, w, h in [0, 1]."""

    query: Tensor
    boxes: Tensor


class Decoder(nn.Layer):
    """Some such layers. The heads that all of them share belong to the transformer."""

    def __init__(
        self, channels: int, heads: int, feedforward: int, levels: int, points: int, layers: int
    ):
        super().__init__()
        self.layers = nn.LayerList(
            [DecoderLayer(channels, heads, feedforward, levels, points) for _ in range(layers)]
        )

    def forward(
        self,
        query: Tensor,
        box_logits: Tensor,
        memory: Tensor,
        sizes: LevelSizes,
        position_head: nn.Layer,
        box_head: nn.Layer,
        mask: Tensor | None = None,
    ) -> list[Refined]:
        """query float32 [N, Q, C]; box_logits [N, Q, 4], their first boxes before the sigmoid;
        memory [N, L, C]; mask [Q, Q] as in DecoderLayer -> one entry per layer."""
        refined: list[Refined] = []
        boxes = before = F.sigmoid(box_logits)
        for layer in self.layers:
            query = layer(query, position_head(boxes), boxes, memory, sizes, mask)
            shift = box_head(query)
            following = F.sigmoid(shift + inverse_sigmoid(boxes))
            if not self.training:
                refined.append(Refined(query, following))
                boxes = following
                continue
            # The same numbers, with a gradient to the layer before.
            refined.append(Refined(query, F.sigmoid(shift + inverse_sigmoid(before))))
            before, boxes = following, following.detach()
        return refined


def _norm(channels: int) -> nn.LayerNorm:
    return nn.LayerNorm(channels, weight_attr=norm_parameter(), bias_attr=norm_parameter())


def _linear(in_features: int, out_features: int) -> nn.Linear:
    bound = in_features**-0.5
    return nn.Linear(
        in_features,
        out_features,
        weight_attr=ParamAttr(initializer=XavierUniform()),
        bias_attr=ParamAttr(initializer=Uniform(-bound, bound)),
    )
