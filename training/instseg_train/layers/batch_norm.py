"""Batch normalisation as detectors train it: never decayed, in pretrained parts often frozen."""

from __future__ import annotations

from paddle import ParamAttr, nn
from paddle.regularizer import L2Decay


def norm_parameter(*, frozen: bool = False, learning_rate: float = 1.0) -> ParamAttr:
    """The attribute of a norm's scale or shift: weight decay leaves it alone.

    learning_rate multiplies the optimiser's rate; a frozen parameter is not trained.
    """
    rate = 0.0 if frozen else learning_rate
    return ParamAttr(learning_rate=rate, regularizer=L2Decay(0.0), trainable=not frozen)


def batch_norm(
    channels: int, *, frozen: bool = False, learning_rate: float = 1.0
) -> nn.BatchNorm2D:
    """A frozen norm keeps its statistics, scale and shift, also in training."""
    scale, shift = (norm_parameter(frozen=frozen, learning_rate=learning_rate) for _ in range(2))
    return nn.BatchNorm2D(
        channels,
        weight_attr=scale,
        bias_attr=shift,
        use_global_stats=True if frozen else None,
    )
