"""Transformer encoder of one feature level (arXiv:1706.03762 sec. 3.1, norms after the sums)."""

from __future__ import annotations

import paddle.nn.functional as F
from paddle import Tensor, nn

from instseg_train.layers.linear import uniform_linear
from instseg_train.layers.multi_head_attention import MultiHeadAttention


class SelfAttentionLayer(nn.Layer):
    """Self-attention and a feed-forward network with GELU, each added to its input, then a norm."""

    def __init__(self, channels: int, heads: int, feedforward: int):
        super().__init__()
        self.self_attn = MultiHeadAttention(channels, heads)
        self.linear1 = uniform_linear(channels, feedforward)
        self.linear2 = uniform_linear(feedforward, channels)
        self.norm1 = nn.LayerNorm(channels)
        self.norm2 = nn.LayerNorm(channels)

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """float32 tokens [N, L, C], positions [1, L, C] -> [N, L, C]."""
        located = tokens + positions
        tokens = self.norm1(tokens + self.self_attn(located, located, tokens))
        return self.norm2(tokens + self.linear2(F.gelu(self.linear1(tokens))))


class SelfAttentionEncoder(nn.Layer):
    """Some such layers, one after another; positions are added in every one."""

    def __init__(self, channels: int, heads: int, feedforward: int, layers: int):
        super().__init__()
        self.layers = nn.LayerList(
            [SelfAttentionLayer(channels, heads, feedforward) for _ in range(layers)]
        )

    def forward(self, tokens: Tensor, positions: Tensor) -> Tensor:
        """float32 tokens [N, L, C], positions [1, L, C] -> [N, L, C]."""
        for layer in self.layers:
            tokens = layer(tokens, positions)
        return tokens
