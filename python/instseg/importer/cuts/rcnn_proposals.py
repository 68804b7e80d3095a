"""The region proposal network of Mask R-CNN: its maps, anchors and numbers.

Per level (in a loop over the images, read as its first pass):

    logits [N,A,h,w]   -> slice (image) -> \
    deltas [N,4A,h,w]  -> slice (image) -> generate_proposals -> boxes -> concat -> topk, gather
    im_shape [N,2]     -> slice (image) -> /                  -> scores -> concat /
    anchors, variances ----------------> /

With one level (C4), `concat` and `topk` are absent.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from instseg.errors import ModelError

from ..ir.dims import static
from ..ir.extract import extract
from ..ir.graph import Array, Graph, Node, Value
from ..ir.shape_rules import fixed_int
from ..passes.constant_folding import propagate
from .cut import Trail

PROBE_SIZE = (512, 640)
"""Image size at which the anchors are computed to find their pattern; any would do."""


@dataclass(frozen=True)
class Proposals:
    """logits [N,A,h,w] and deltas [N,4A,h,w] of every level, and `proposals` of instseg.json."""

    logits: list[Value]
    deltas: list[Value]
    settings: dict[str, Any]


def find_proposals(trail: Trail, boxes: Value, image: Value) -> Proposals:
    """`boxes` [R,4] is what the first box stage takes."""
    nodes = trail.ancestors(boxes, stop="generate_proposals")
    levels = [node for node in nodes if node.op == "generate_proposals"]
    if not levels:
        raise ModelError(f"the program is no {trail.family}: it has no 'generate_proposals'")
    if len(levels) > 1:
        levels = _in_order_of_concat(trail, levels)
    logits = [_whole_batch(trail, level.input(0)) for level in levels]
    deltas = [_whole_batch(trail, level.input(1)) for level in levels]
    for level in levels:
        sizes = _whole_batch(trail, level.input(2))
        if sizes not in trail.graph.inputs or sizes.shape[-1] != 2:
            raise ModelError(f"{level.describe()}: its image size does not come from an input")
    attrs = levels[0].attrs
    names = ("pre_nms_top_n", "post_nms_top_n", "nms_thresh", "min_size", "eta", "pixel_offset")
    if any(level.attrs[name] != attrs[name] for level in levels for name in names):
        raise ModelError(f"{levels[0].describe()}: levels with different settings")
    chosen = [node for node in nodes if node.op == "topk"]
    if len(chosen) > 1:
        raise ModelError(f"{chosen[1].describe()}: proposals are selected more than once")
    anchors, variances = _anchors(trail.graph, image, logits, levels)
    settings = {
        "levels": anchors,
        "variances": variances,
        "pre_nms_top_n": int(attrs["pre_nms_top_n"]),
        "post_nms_top_n": int(attrs["post_nms_top_n"]),
        "nms_threshold": float(attrs["nms_thresh"]),
        "nms_eta": float(attrs["eta"]),
        "min_size": float(attrs["min_size"]),
        "pixel_offset": bool(attrs["pixel_offset"]),
        "keep_top_n": fixed_int(chosen[0].input(1)) if chosen else 0,
    }
    return Proposals(logits, deltas, settings)


def _in_order_of_concat(trail: Trail, levels: list[Node]) -> list[Node]:
    joined = trail.consumer(levels[0].output, "concat")
    ordered = [trail.producers.get(value) for value in joined.inputs[:-1] if value is not None]
    if set(ordered) != set(levels):
        raise ModelError(f"{joined.describe()}: the proposals of all levels expected")
    return [node for node in ordered if node is not None]


def _whole_batch(trail: Trail, value: Value) -> Value:
    """Undoes the choice of one image: slices of the batch axis."""
    while (node := trail.producers.get(value)) is not None and node.op == "slice":
        if list(node.attrs["axes"]) != [0]:
            raise ModelError(f"{node.describe()}: a choice of one image expected")
        value = node.input(0)
    return value


def _anchors(
    graph: Graph, image: Value, logits: list[Value], levels: list[Node]
) -> tuple[list[dict[str, Any]], list[float]]:
    """(anchors and strides per level, variances), from the anchors at one image size.

    The program computes anchors from the sizes of its maps; with a known image size all of that
    is constant. Anchor a of cell (y, x) has to be anchor a of cell (0, 0), moved by whole strides.
    """
    names = {"image": image}
    for i, level in enumerate(levels):
        names |= {f"logits_{i}": logits[i], f"anchors_{i}": level.input(3)}
        names |= {f"variances_{i}": level.input(4)}
    outputs = {name: value for name, value in names.items() if name != "image"}
    part = extract(graph, {"image": image}, outputs)
    propagate(part, {"image": (1, 3, *PROBE_SIZE)})
    found, all_variances = [], []
    for i, level in enumerate(levels):
        shape = static(part.outputs[f"logits_{i}"].shape)
        anchors, variances = part.outputs[f"anchors_{i}"], part.outputs[f"variances_{i}"]
        if shape is None or not anchors.constant or not variances.constant:
            raise ModelError(f"{level.describe()}: its anchors depend on more than the image size")
        found.append(_pattern(anchors.array(), shape, level))
        all_variances.append(variances.array().reshape(-1, 4))
    rows = np.concatenate(all_variances)
    if not np.all(rows == rows[0]):
        raise ModelError("anchors with different variances are not supported")
    return found, [float(number) for number in rows[0]]


def _pattern(anchors: Array, shape: tuple[int, ...], level: Node) -> dict[str, Any]:
    _, count, height, width = shape
    if height < 2 or width < 2 or anchors.size != height * width * count * 4:
        raise ModelError(f"{level.describe()}: {anchors.shape} anchors for a map {shape}")
    grid = anchors.reshape(height, width, count, 4).astype(np.float64)
    base = grid[0, 0]
    stride_x, stride_y = (float((grid[y, x] - base)[0, y]) for y, x in ((0, 1), (1, 0)))
    shift = np.zeros((height, width, 1, 4))
    shift[..., 0::2] = (np.arange(width) * stride_x)[None, :, None, None]
    shift[..., 1::2] = (np.arange(height) * stride_y)[:, None, None, None]
    if not np.array_equal((base + shift).astype(np.float32), grid.astype(np.float32)):
        raise ModelError(f"{level.describe()}: its anchors are no regular grid")
    anchors_of_cell = [{"box": box} for box in base.tolist()]
    return {"stride_x": stride_x, "stride_y": stride_y, "anchors": anchors_of_cell}
