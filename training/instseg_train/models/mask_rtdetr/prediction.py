"""What the shared heads make of queries: class logits, boxes and mask coefficients."""

from __future__ import annotations

from typing import NamedTuple

import paddle
from paddle import Tensor


class Prediction(NamedTuple):
    """Q queries of N images after one layer.

    logits        float32 [N, Q, K], before the sigmoid
    boxes         float32 [N, Q, 4] cx, cy, w, h in [0, 1]
    coefficients  float32 [N, Q, P]: a mask's logits are these, times the prototypes, summed up
    """

    logits: Tensor
    boxes: Tensor
    coefficients: Tensor

    def split(self, first: int) -> tuple[Prediction, Prediction]:
        """The first queries and the rest."""
        return (
            Prediction(*(tensor[:, :first] for tensor in self)),
            Prediction(*(tensor[:, first:] for tensor in self)),
        )


def masks_of(coefficients: Tensor, prototypes: Tensor) -> Tensor:
    """float32 [N, Q, P] and [N, P, h, w] -> mask logits [N, Q, h, w]."""
    height, width = prototypes.shape[2:]
    return paddle.bmm(coefficients, prototypes.flatten(2)).reshape([0, 0, height, width])
