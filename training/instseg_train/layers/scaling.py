"""Sizes of small variants: channels and numbers of blocks times a multiplier (1.0: official)."""

from __future__ import annotations

MULTIPLE = 8


def scaled_channels(channels: int, width: float) -> int:
    """`channels` times `width`, to the nearest multiple of MULTIPLE, at least that."""
    if width == 1.0:
        return channels
    return max(MULTIPLE, round(channels * width / MULTIPLE) * MULTIPLE)


def scaled_blocks(blocks: int, depth: float) -> int:
    """`blocks` times `depth`, rounded, at least 1."""
    return max(1, round(blocks * depth))
