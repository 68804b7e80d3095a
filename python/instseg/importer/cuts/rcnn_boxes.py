"""The box stages of Mask R-CNN (one) and Cascade Mask R-CNN (three).

A stage pools the features of boxes and gives logits and deltas; deltas move the boxes (each of
x, y, w, h computed by itself, then stacked):

    deltas [R,4k] -> strided_slice -> scale (1 / weight) -> x, y: times size, plus centre
                                                         -> w, h: clip, exp, times size

The moved boxes, clipped to the image, are what the next stage pools, or the final candidates.
"""

from __future__ import annotations

from dataclasses import dataclass

from instseg.errors import ModelError

from ..ir.graph import Node, Value
from ..ir.shape_rules import fixed_ints
from ..passes.rewriting import scalar
from .cut import Trail
from .rcnn_regions import Regions, find_regions

SAME_BOXES = "stack clip maximum minimum slice split reshape expand concat unsqueeze identity if"
"""What may lie between the moved boxes and their reader: clipping, and changes of shape."""


@dataclass(frozen=True)
class Movement:
    """deltas [R,4] or [R,4K]; factors of dx, dy, dw, dh; limit of dw and dh; the boxes moved."""

    deltas: Value
    factors: list[float]
    max_log_size: float
    boxes: Value


@dataclass(frozen=True)
class BoxStage:
    regions: Regions
    movement: Movement


def find_box_stages(trail: Trail, candidates: Value) -> list[BoxStage]:
    """All stages in order; `candidates` [R,k,4] is what non-maximum suppression takes."""
    stages: list[BoxStage] = []
    boxes = candidates
    while not stages or _is_moved(trail, boxes):
        movement = _movement(trail, boxes)
        regions = find_regions(trail, movement.deltas)
        boxes = regions.boxes
        if _plain(trail, movement.boxes) is not _plain(trail, boxes):
            raise ModelError(
                f"the program is not built as a {trail.family} is: a stage pools {boxes.name}, "
                f"but moves {movement.boxes.name}"
            )
        stages.insert(0, BoxStage(regions, movement))
    return stages


def _is_moved(trail: Trail, boxes: Value) -> bool:
    """Whether the boxes come from a stage, not from the proposals."""
    nodes = trail.ancestors(boxes, stop="generate_proposals roi_align")
    return any(node.op == "exp" for node in nodes)


def _plain(trail: Trail, value: Value) -> Value:
    """Without operators that give their only operand again."""
    while (node := trail.producers.get(value)) is not None:
        joined = node.op == "concat" and len(node.inputs) == 2
        if not joined and node.op != "identity":
            break
        value = node.input(0)
    return value


def _movement(trail: Trail, moved: Value) -> Movement:
    left = trail.back(moved, "subtract", skip=SAME_BOXES)
    sides = trail.consumer(left.output, "stack")
    if len(sides.inputs) != 4:
        raise ModelError(f"{sides.describe()}: x1, y1, x2, y2 expected")
    top = trail.back(sides.input(1), "subtract")
    horizontal, vertical = _axis(trail, left), _axis(trail, top)
    found = [horizontal.shift, vertical.shift, horizontal.log_size, vertical.log_size]
    for place, delta in enumerate(found):
        if delta.deltas is not found[0].deltas or delta.place != place:
            raise ModelError(
                f"{sides.describe()}: deltas in the order x, y, w, h of one tensor expected"
            )
    if horizontal.limit != vertical.limit or horizontal.boxes is not vertical.boxes:
        raise ModelError(f"{sides.describe()}: x and y are not treated alike")
    factors = [delta.factor for delta in found]
    return Movement(found[0].deltas, factors, horizontal.limit, horizontal.boxes)


@dataclass(frozen=True)
class _Delta:
    """Columns place, place + 4, ... of `deltas`, times `factor`."""

    deltas: Value
    place: int
    factor: float


@dataclass(frozen=True)
class _Axis:
    shift: _Delta
    log_size: _Delta
    limit: float
    boxes: Value


def _axis(trail: Trail, low: Node) -> _Axis:
    """low = (shift * size + centre) - exp(min(log_size, limit)) * size / 2."""
    centre = trail.back(low.input(0), "add")
    shift = _delta(trail, trail.back(centre.input(0), "multiply").input(0))
    half = trail.back(low.input(1), "scale")
    if scalar(half.input(1)) != 0.5 or half.attrs.get("bias"):
        raise ModelError(f"{half.describe()}: half the size expected")
    size = trail.back(half.input(0), "multiply")
    clip = trail.back(trail.back(size.input(0), "exp").input(0), "clip")
    limit = scalar(clip.input(2))
    if limit is None:
        raise ModelError(f"{clip.describe()}: a constant limit expected")
    boxes = trail.back(size.input(1), "slice", skip="unsqueeze subtract").input(0)
    return _Axis(shift, _delta(trail, clip.input(0)), limit, boxes)


def _delta(trail: Trail, value: Value) -> _Delta:
    node, factor = trail.producers.get(value), 1.0
    if node is not None and node.op == "scale" and not node.attrs.get("bias"):
        number = scalar(node.input(1))
        if number is None:
            raise ModelError(f"{node.describe()}: a constant factor expected")
        value, factor = node.input(0), number
    columns = trail.back(value, "strided_slice")
    start, step = fixed_ints(columns.input(1)), fixed_ints(columns.input(3))
    if list(columns.attrs["axes"]) != [1] or len(start) != 1 or step != (4,):
        raise ModelError(f"{columns.describe()}: every fourth column expected")
    return _Delta(columns.input(0), start[0], factor)
