"""Multi-scale deformable attention (arXiv:2010.04159 sec. 4.1, Eq. 3) around boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import paddle
import paddle.nn.functional as F
from paddle import ParamAttr, Tensor, nn
from paddle.nn.initializer import Assign, Constant, XavierUniform

from instseg.errors import InvalidArgument
from instseg_train.layers.paired import paired

# Height and width of every level, fine to coarse.
LevelSizes = Sequence[tuple[int, int]]


class DeformableAttention(nn.Layer):
    """Each head of each query reads `points` places of each level, near the query's box."""

    def __init__(self, channels: int, heads: int, levels: int, points: int):
        super().__init__()
        if channels % heads:
            raise InvalidArgument(f"{channels} channels cannot be shared out among {heads} heads")
        self.heads, self.levels, self.points = heads, levels, points
        self.channels = channels
        places = heads * levels * points
        zeros = Constant(0.0)
        self.sampling_offsets = nn.Linear(
            channels,
            2 * places,
            weight_attr=ParamAttr(initializer=zeros),
            bias_attr=ParamAttr(initializer=Assign(_star(heads, levels, points))),
        )
        self.attention_weights = nn.Linear(
            channels,
            places,
            weight_attr=ParamAttr(initializer=zeros),
            bias_attr=ParamAttr(initializer=zeros),
        )
        self.value_proj, self.output_proj = (
            nn.Linear(channels, channels, weight_attr=ParamAttr(initializer=XavierUniform()))
            for _ in range(2)
        )

    def forward(self, query: Tensor, boxes: Tensor, memory: Tensor, sizes: LevelSizes) -> Tensor:
        """query float32 [N, Q, C]; boxes [N, Q, 4] cx, cy, w, h in [0, 1]; memory [N, L, C], the
        pixels of all levels one after another -> [N, Q, C]."""
        weights = self.attention_weights(query).reshape([0, 0, self.heads, -1])
        weights = F.softmax(weights).transpose([0, 2, 1, 3]).flatten(0, 1).unsqueeze(1)
        samples = self._samples(memory, self._places(query, boxes), sizes)
        heads = (samples * weights).sum(-1)  # [N * heads, C / heads, Q]
        joined = heads.reshape([-1, self.channels, heads.shape[2]]).transpose([0, 2, 1])
        return self.output_proj(joined)

    def _places(self, query: Tensor, boxes: Tensor) -> Tensor:
        """[N, Q, heads, levels, points, 2], x and y in [-1, 1] across the image. An offset of
        `points` reaches half the box's size from its centre."""
        offsets = self.sampling_offsets(query)
        offsets = offsets.reshape([0, 0, self.heads, self.levels, self.points, 2])
        around = boxes.unsqueeze([2, 3, 4])
        places = around[..., :2] + offsets / self.points * around[..., 2:] * 0.5
        return 2 * places - 1

    def _samples(self, memory: Tensor, places: Tensor, sizes: LevelSizes) -> Tensor:
        """The projected memory at the places: [N * heads, C / heads, Q, levels * points]."""
        head = self.channels // self.heads
        values = self.value_proj(memory).reshape([0, 0, self.heads, head])
        planes = values.split([height * width for height, width in sizes], axis=1)
        samples = []
        for level, ((height, width), plane) in enumerate(paired(sizes, planes)):
            # [N, h * w, heads, C / heads] -> [N * heads, C / heads, h, w]
            plane = plane.flatten(2).transpose([0, 2, 1]).reshape([-1, head, height, width])
            grid = places[:, :, :, level].transpose([0, 2, 1, 3, 4]).flatten(0, 1)
            samples.append(F.grid_sample(plane, grid, align_corners=False))
        return paddle.concat(samples, axis=-1)


def _star(heads: int, levels: int, points: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """First offsets: head k looks in direction 2 pi k / heads, point p goes p + 1 steps of a square
    ring far (arXiv:2010.04159 appendix A.4). float32 [heads * levels * points * 2]."""
    angles = np.arange(heads) * (2 * math.pi / heads)
    directions = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    directions /= np.abs(directions).max(axis=1, keepdims=True)
    steps = np.arange(1, points + 1)
    star = np.broadcast_to(
        directions[:, None, None, :] * steps[:, None], (heads, levels, points, 2)
    )
    return star.astype(np.float32).ravel()
