"""Sines and cosines that tell the places of a feature map apart (arXiv:1706.03762 sec. 3.5)."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import paddle
from paddle import Tensor, nn

from instseg.errors import InvalidArgument

TEMPERATURE = 10000.0


def sine_positions(height: int, width: int, channels: int) -> npt.NDArray[np.float32]:
    """float32 [height * width, channels]: a quarter each of sin(row), cos(row), sin(column) and
    cos(column), at frequencies that fall from 1 towards 1 / TEMPERATURE.

    Raises InvalidArgument unless channels is a multiple of 4.
    """
    if channels % 4:
        raise InvalidArgument(f"{channels} channels cannot hold four equal parts")
    quarter = channels // 4
    frequencies = TEMPERATURE ** -(np.arange(quarter) / quarter)
    rows, columns = np.mgrid[:height, :width].reshape(2, -1, 1) * frequencies
    parts = (np.sin(rows), np.cos(rows), np.sin(columns), np.cos(columns))
    return np.concatenate(parts, axis=1).astype(np.float32)


class SinePositions(nn.Layer):
    """The table of each size, made at its first use and kept as a tensor of the layer.

    A program is traced with tables that are already there, so that they become constants of it.
    """

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

    def forward(self, height: int, width: int) -> Tensor:
        """float32 [1, height * width, channels]."""
        name = f"table_{height}x{width}"
        if name not in self._buffers:
            table = paddle.to_tensor(sine_positions(height, width, self.channels)[None])
            self.register_buffer(name, table, persistable=False)
        return self._buffers[name]
