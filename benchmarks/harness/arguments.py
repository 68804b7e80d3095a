"""Kinds of command-line values that several benchmarks take."""

from __future__ import annotations

import argparse


def positive(text: str) -> int:
    """For argparse's `type`."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{value} is not positive")
    return value
