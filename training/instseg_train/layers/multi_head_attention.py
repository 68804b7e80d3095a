"""Multi-head attention (arXiv:1706.03762 sec. 3.2.2) with the projections in one matrix."""

from __future__ import annotations

import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import XavierUniform

from instseg.errors import InvalidArgument


class MultiHeadAttention(nn.Layer):
    """`in_proj_weight` [C, 3C] projects queries, keys and values, in this order."""

    def __init__(self, channels: int, heads: int):
        super().__init__()
        if channels % heads:
            raise InvalidArgument(f"{channels} channels cannot be shared out among {heads} heads")
        self.channels = channels
        self.heads = heads
        self.in_proj_weight = self.create_parameter(
            [channels, 3 * channels], attr=ParamAttr(initializer=XavierUniform())
        )
        self.in_proj_bias = self.create_parameter([3 * channels], is_bias=True)
        self.out_proj = nn.Linear(
            channels, channels, weight_attr=ParamAttr(initializer=XavierUniform())
        )

    def forward(
        self, query: Tensor, key: Tensor, value: Tensor, mask: Tensor | None = None
    ) -> Tensor:
        """float32 query [N, Q, C], key and value [N, L, C] -> [N, Q, C].

        `mask` float32 [Q, L] is added to the scores: 0 where a query may look, -inf where not.
        """
        queries, keys, values = (
            self._heads_of(tensor, part) for part, tensor in enumerate((query, key, value))
        )
        scores = paddle.matmul(queries, keys, transpose_y=True)
        scores = scores * float(self.channels // self.heads) ** -0.5
        if mask is not None:
            scores = scores + mask
        heads = paddle.matmul(F.softmax(scores), values).transpose([0, 2, 1, 3])
        return self.out_proj(heads.reshape([0, 0, self.channels]))

    def _heads_of(self, x: Tensor, part: int) -> Tensor:
        """[N, L, C] -> [N, heads, L, C / heads] by projection `part` (0, 1, 2)."""
        columns = slice(part * self.channels, (part + 1) * self.channels)
        x = F.linear(x, self.in_proj_weight[:, columns], self.in_proj_bias[columns])
        return x.reshape([0, 0, self.heads, self.channels // self.heads]).transpose([0, 2, 1, 3])
