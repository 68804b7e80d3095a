"""The passes in order: before the cut (`understand`) and after it (`optimise`)."""

from __future__ import annotations

from collections.abc import Mapping

from ..ir.dims import Shape
from ..ir.graph import Graph
from .batch_independence import BATCH_INDEPENDENCE
from .broadcasts import BROADCASTS
from .channel_order import CHANNEL_ORDER
from .constant_folding import propagate
from .conv_folding import CONV_FOLDING
from .dead_code import remove_dead_code
from .duplicates import merge_duplicates
from .mask_extents import MASK_EXTENTS
from .projected_planes import PROJECTED_PLANES
from .rewriting import Rule, rewrite
from .simplify import SIMPLIFY


def understand(graph: Graph, input_shapes: Mapping[str, Shape] | None = None) -> Graph:
    """Shapes, constants, no detours: the form in which cuts look for their points."""
    return rewrite(remove_dead_code(propagate(remove_dead_code(graph), input_shapes)), SIMPLIFY)


def optimise(graph: Graph) -> Graph:
    """The form that is lowered to ONNX."""
    rules = _merged(
        SIMPLIFY,
        BROADCASTS,
        CONV_FOLDING,
        CHANNEL_ORDER,
        BATCH_INDEPENDENCE,
        MASK_EXTENTS,
        PROJECTED_PLANES,
    )
    return merge_duplicates(rewrite(remove_dead_code(graph), rules))


def _merged(*tables: dict[str, tuple[Rule, ...]]) -> dict[str, tuple[Rule, ...]]:
    merged: dict[str, tuple[Rule, ...]] = {}
    for table in tables:
        for op, rules in table.items():
            merged[op] = merged.get(op, ()) + rules
    return merged
