"""What TensorRT documents as limits of an ONNX operator: one function each.

A limit takes a node, the graph's types and constants, and returns what is beyond it ("" = nothing).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import onnx
from onnx import helper, numpy_helper


@dataclass(frozen=True)
class NodeFacts:
    """attributes: by name; ranks: of tensors, where known; constants: initializers by name."""

    node: onnx.NodeProto
    attributes: Mapping[str, Any]
    ranks: Mapping[str, int]
    constants: Mapping[str, onnx.TensorProto]

    def constant_input(self, position: int) -> bool:
        """Whether the input is absent or an initializer."""
        inputs = self.node.input
        absent = len(inputs) <= position or not inputs[position]
        return absent or inputs[position] in self.constants


Limit = Callable[[NodeFacts], str]

TOP_K_MOST = 3839

RESIZE_MODES = {
    "mode": ("nearest", "linear"),
    "coordinate_transformation_mode": (
        "half_pixel",
        "pytorch_half_pixel",
        "tf_half_pixel_for_nn",
        "asymmetric",
        "align_corners",
    ),
    "nearest_mode": ("floor", "ceil", "round_prefer_floor", "round_prefer_ceil"),
}


def facts_of(
    node: onnx.NodeProto, ranks: Mapping[str, int], constants: Mapping[str, onnx.TensorProto]
) -> NodeFacts:
    attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
    return NodeFacts(node, attributes, ranks, constants)


def flat_pooling(facts: NodeFacts) -> str:
    sides = len(facts.attributes.get("kernel_shape", []))
    return "" if sides in (2, 3) else f"pooling over {sides} sides, not 2 or 3"


def no_dilation(facts: NodeFacts) -> str:
    dilations = list(facts.attributes.get("dilations", []))
    return "" if all(d == 1 for d in dilations) else f"dilations {dilations}, not ones"


def values_only(facts: NodeFacts) -> str:
    return "an output of indices" if len([n for n in facts.node.output if n]) > 1 else ""


def first_output_only(facts: NodeFacts) -> str:
    return "mean or deviation as outputs" if len([n for n in facts.node.output if n]) > 1 else ""


def rank_4(facts: NodeFacts) -> str:
    rank = facts.ranks.get(facts.node.input[0], 4)
    return "" if rank == 4 else f"an input of {rank} axes, not 4"


def constant_axes(facts: NodeFacts) -> str:
    """Axes are an attribute, or the second input."""
    return "" if facts.constant_input(1) else "axes that are computed"


def constant_slice_axes(facts: NodeFacts) -> str:
    return "" if facts.constant_input(3) else "axes that are computed"


def resize_modes(facts: NodeFacts) -> str:
    defaults = {"mode": b"nearest", "nearest_mode": b"round_prefer_floor"}
    for name, allowed in RESIZE_MODES.items():
        value = facts.attributes.get(name, defaults.get(name, b"half_pixel")).decode()
        if value not in allowed:
            return f"{name} {value!r}, not one of {', '.join(allowed)}"
    if facts.attributes.get("antialias"):
        return "antialiasing"
    return ""


def top_k_limits(facts: NodeFacts) -> str:
    if not facts.attributes.get("sorted", 1):
        return "results that are not sorted"
    tensor = facts.constants.get(facts.node.input[1])
    k = 0 if tensor is None else int(np.max(numpy_helper.to_array(tensor)))
    return "" if k <= TOP_K_MOST else f"K is {k}, above {TOP_K_MOST}"
