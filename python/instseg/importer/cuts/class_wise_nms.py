"""The numbers of `multiclass_nms3`, for `postprocess` in `instseg.json`."""

from __future__ import annotations

from instseg.errors import ModelError

from ..ir.graph import Node

LIMITS = {"nms_top_k": 1_000_000, "keep_top_k": 1_000_000, "background_label": 1_000_000}
SHARES = ("nms_threshold", "nms_eta")


def nms_numbers(node: Node) -> dict[str, int | float | bool]:
    """The attributes under Paddle's names; -1 means "all" or "none". Raises where one is odd."""
    numbers: dict[str, int | float | bool] = {
        "score_threshold": float(node.attrs["score_threshold"]),
        "normalized": bool(node.attrs["normalized"]),
    }
    for name in SHARES:
        numbers[name] = float(node.attrs[name])
        if not 0 <= numbers[name] <= 1:
            raise ModelError(f"{node.describe()}: {name} {numbers[name]} is not in 0..1")
    for name, limit in LIMITS.items():
        numbers[name] = int(node.attrs[name])
        if not -1 <= numbers[name] <= limit or (numbers[name] == 0 and name.endswith("top_k")):
            raise ModelError(f"{node.describe()}: {name} {numbers[name]} is not supported")
    return numbers
