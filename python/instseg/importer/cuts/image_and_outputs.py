"""Inputs and outputs of a whole program, told apart by rank: neither order nor names are fixed."""

from __future__ import annotations

from instseg.errors import ModelError

from ..ir.dims import text
from ..ir.graph import Graph, Value


def image_input(graph: Graph) -> Value:
    """image [N, 3, H, W]"""
    images = [value for value in graph.inputs if len(value.shape) == 4 and value.shape[1] == 3]
    if len(images) != 1:
        raise ModelError(f"one image input [N, 3, H, W] expected, found {graph.inputs}")
    return images[0]


def bbox_and_mask(graph: Graph, family: str) -> tuple[Value, Value]:
    """bbox [n, 6] (class, score, box) and mask [n, H, W] of a `family` that finds boxes."""
    outputs = graph.outputs.values()
    bbox = [v for v in outputs if len(v.shape) == 2 and v.shape[1] == 6 and v.dtype.kind == "f"]
    mask = [v for v in outputs if len(v.shape) == 3]
    if len(bbox) != 1 or len(mask) != 1:
        found = ", ".join(f"{v.dtype}{text(v.shape)}" for v in outputs)
        raise ModelError(f"a {family} ends in bbox [n, 6] and mask [n, H, W]; this one in {found}")
    return bbox[0], mask[0]
