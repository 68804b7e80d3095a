"""Sizes of small variants: channels and numbers of blocks times a multiplier (1.0: official)."""

from __future__ import annotations


def scaled_channels(channels: int, width: float, multiple: int = 8) -> int:
    """`channels` times `width`, to the nearest multiple of `multiple`, at least one of it."""
    if width == 1.0:
        return channels
    return max(multiple, round(channels * width / multiple) * multiple)


def scaled_blocks(blocks: int, depth: float) -> int:
    """`blocks` times `depth`, rounded, at least 1."""
    return max(1, round(blocks * depth))
