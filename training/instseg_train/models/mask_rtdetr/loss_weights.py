"""Weights of the parts of the loss, which are those of the matching costs too."""

from __future__ import annotations

from typing import NamedTuple


class LossWeights(NamedTuple):
    """As in arXiv:2206.02777 sec. 4 (implementation details)."""

    class_: float = 4.0
    bbox: float = 5.0
    giou: float = 2.0
    mask: float = 5.0
    dice: float = 5.0
