"""Finds parts of a network by its structure: operators, what they read and where that leads.

Every function takes a GraphView and returns nodes (their positions). None looks at the name of a
layer or of an inner tensor, which differ from export to export. Names of the network's inputs and
outputs are used: they are the network folder's own, the same for every model of a family.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from .graph_view import PRODUCTS, GraphView

Part = Callable[[GraphView], set[int]]

_MOVED = frozenset(
    [
        "Concat",
        "Expand",
        "Flatten",
        "Identity",
        "Reshape",
        "Slice",
        "Split",
        "Squeeze",
        "Transpose",
        "Unsqueeze",
    ]
)
_SIZES = frozenset(["Shape", "Size"])
_COMPARISONS = frozenset(["Equal", "Greater", "GreaterOrEqual", "Less", "LessOrEqual"])


def operators(*op_types: str) -> Part:
    """All nodes of these operators."""
    return lambda view: set(view.of_type(*op_types))


def outputs(pattern: str, *, product: bool) -> Part:
    """What makes the outputs whose names match `pattern`, back to the last products.

    product  whether those (convolution, matrix product, and the bias that follows) are in the part
    """

    def find(view: GraphView) -> set[int]:
        names = [name for name in view.outputs if re.fullmatch(pattern, name)]
        seeds = [view.producers[name] for name in names if name in view.producers]
        return upstream(view, seeds, product=product)

    return find


def first_convolutions(view: GraphView) -> set[int]:
    """The convolutions that read the image itself."""
    return {index for index in view.of_type("Conv") if "image" in view.nodes[index].input}


def top_k_keys(view: GraphView) -> set[int]:
    """What the keys of every TopK are computed from, back to the products, those included."""
    return upstream(view, view.of_type("TopK"), product=True)


def sampling(view: GraphView) -> set[int]:
    """Every GridSample, and the positions that it reads, back to the products that give offsets."""
    seeds = list(view.of_type("GridSample"))
    grids = [view.producers.get(view.nodes[index].input[1]) for index in seeds]
    made = [index for index in grids if index is not None]
    return set(seeds) | upstream(view, made, product=False)


def group_norms(view: GraphView) -> set[int]:
    """InstanceNormalization over groups, with the reshapes, scale and bias around it."""
    found: set[int] = set()
    for index in view.of_type("InstanceNormalization"):
        found.add(index)
        found.update(m for m in view.makers(index) if view.nodes[m].op_type == "Reshape")
        current = index
        for op_type in ("Reshape", "Mul", "Add"):
            following = [r for r in view.readers(current) if view.nodes[r].op_type == op_type]
            if len(following) != 1:
                break
            current = following[0]
            found.add(current)
    return found


def residual_sums(view: GraphView) -> set[int]:
    """Sums of two activations whose result a LayerNormalization reads."""
    found = set()
    for norm in view.of_type("LayerNormalization"):
        for maker in view.makers(norm):
            if view.nodes[maker].op_type == "Add" and len(view.activations(maker)) == 2:
                found.add(maker)
    return found


def box_readers(pattern: str, columns: int = 4) -> Part:
    """Products over `columns` inputs (the sides of a box) that read what makes these outputs."""

    def find(view: GraphView) -> set[int]:
        boxes = outputs(pattern, product=False)(view)
        found = set()
        for index in view.of_type("MatMul"):
            weight = view.constants.get(view.nodes[index].input[1])
            if weight is None or len(weight.dims) != 2 or weight.dims[0] != columns:
                continue
            if boxes.intersection(_through_moves(view, view.makers(index))):
                found.add(index)
                found.update(r for r in view.readers(index) if view.is_bias(r))
        return found

    return find


def sizes_only(view: GraphView) -> set[int]:
    """Float arithmetic that no pixel enters: positions computed from the image's size."""
    found: set[int] = set()
    for index in range(len(view.nodes)):
        if not view.float_outputs(index):
            continue
        reads = view.activations(index)
        known = all(view.producers.get(name) in found for name in reads)
        if known and (reads or not _from_pixels(view, index)):
            found.add(index)
    return found


def upstream(view: GraphView, seeds: Iterable[int], *, product: bool) -> set[int]:
    """The seeds and what they are computed from, back to the nearest products.

    With `product`, products with weights and their biases belong to the part; products of two
    activations never do. Comparisons of activations are followed (equal neighbours), those with a
    constant are not: rounding does not move a number over a limit. Sizes are not followed either.
    """
    found: set[int] = set()
    pending = list(seeds)
    while pending:
        index = pending.pop()
        op_type = view.nodes[index].op_type
        if index in found or op_type in _SIZES:
            continue
        if op_type in _COMPARISONS and view.float_constants(index):
            continue
        is_product = op_type in PRODUCTS
        if is_product and len(view.activations(index)) > 1:
            continue
        if (is_product or view.is_bias(index)) and not product:
            continue
        found.add(index)
        if not is_product:
            pending += view.makers(index)
    return found


def _through_moves(view: GraphView, starts: Iterable[int]) -> set[int]:
    """The starts, and what they move around, up to the nodes that compute."""
    found: set[int] = set()
    pending = list(starts)
    while pending:
        index = pending.pop()
        if index not in found:
            found.add(index)
            if view.nodes[index].op_type in _MOVED:
                pending += view.makers(index)
    return found


def _from_pixels(view: GraphView, index: int) -> bool:
    """Whether a number without float inputs depends on one: a comparison of activations does."""
    seen: set[int] = set()
    pending = view.makers(index)
    while pending:
        maker = pending.pop()
        if maker in seen or view.nodes[maker].op_type in _SIZES:
            continue
        seen.add(maker)
        if view.activations(maker):
            return True
        pending += view.makers(maker)
    return False
