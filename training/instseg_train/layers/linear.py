"""Fully connected layers that start uniformly within 1 / sqrt(inputs)."""

from __future__ import annotations

import math

from paddle import ParamAttr, nn
from paddle.nn.initializer import Uniform


def uniform_linear(in_features: int, out_features: int) -> nn.Linear:
    """A linear layer whose weight and bias start in +-1 / sqrt(in_features)."""
    bound = 1 / math.sqrt(in_features)
    weight, bias = (ParamAttr(initializer=Uniform(-bound, bound)) for _ in range(2))
    return nn.Linear(in_features, out_features, weight_attr=weight, bias_attr=bias)
