"""One spelling of every operator for both program formats.

| operator (input, ...)                     | attributes                                    |
|-------------------------------------------|-----------------------------------------------|
| add subtract multiply divide maximum ...  | (x, y), NumPy broadcasting                    |
| scale (x, factor)                         | bias, bias_after_scale                        |
| conv2d (x, weight, [bias])                | strides paddings padding_algorithm dilations groups |
| batch_norm (x, mean, variance, scale, bias) | epsilon                                     |
| interpolate (x, out_size, scale, size...) | mode align_corners align_mode out_h out_w scale |
| reshape (x, shape), tile (x, repeats)     |                                               |
| slice (x, starts, ends)                   | axes decrease_axis                            |
| concat (x..., axis), stack (x...)         | -, axis                                       |
| split (x, sections, axis)                 | num, where sections is absent                 |
| max min sum any (x, axes)                 | keepdim; axes absent or empty: all            |
| topk (x, k) -> values, indices            | axis largest sorted                           |
| group_norm (x, scale, bias)               | epsilon groups                                |
| linspace (start, stop, count)             |                                               |
| gather (x, index, axis)                   |                                               |
| nonzero (x)                               |                                               |
| if (condition, ...)                       | control_flow: what happens inside is not kept |

Whatever is not in a table keeps Paddle's name, inputs in Paddle's order, and its attributes.
PIR is close to this already: its table only renames. Numbers that PIR passes as tensors and the
legacy format as attributes are tensors here (constants, for the legacy format).
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..ir.graph import Node, Value, blame

Arguments = list[Value | list[Value] | None]
"""Inputs as PIR has them: an entry may be a list of tensors."""


def normalise_pir(node: Node, arguments: Arguments) -> list[Node]:
    """Completes `node` (its inputs still empty) from PIR's arguments."""
    node.inputs = _flatten(arguments)
    rule = PIR_RULES.get(node.op)
    if rule is not None and not node.attrs.get("control_flow"):
        with blame(node):
            rule(node, arguments)
    return [node]


def _flatten(arguments: Arguments) -> list[Value | None]:
    inputs: list[Value | None] = []
    for argument in arguments:
        inputs += argument if isinstance(argument, list) else [argument]
    return inputs


def _rename(op: str) -> Callable[[Node, Arguments], None]:
    def rule(node: Node, arguments: Arguments) -> None:
        node.op = op

    return rule


def _assign_value(node: Node, arguments: Arguments) -> None:
    """Its input is only the storage it overwrites."""
    node.op, node.inputs = "assign_value", []


def _interpolate(node: Node, arguments: Arguments) -> None:
    x, out_size, sizes, scale = (*arguments, None, None, None)[:4]
    node.op = "interpolate"
    node.inputs = _flatten([x, out_size, scale, sizes])
    node.attrs["mode"] = node.attrs.get("interp_method")


def _split_with_num(node: Node, arguments: Arguments) -> None:
    node.op = "split"
    node.inputs = _flatten([arguments[0], None, arguments[1]])


def _reduce_with_axis_attribute(node: Node, arguments: Arguments) -> None:
    axes = node.attrs.get("axis")
    if isinstance(axes, list):
        data = np.array(axes, np.int64)
        node.inputs.append(Value(f"{node.output.name}:axis", data.dtype, data.shape, data=data))


PIR_RULES: dict[str, Callable[[Node, Arguments], None]] = {
    "batch_norm_": _rename("batch_norm"),
    "depthwise_conv2d": _rename("conv2d"),
    "share_data_": _rename("identity"),
    "share_data": _rename("identity"),
    "assign": _rename("identity"),
    "shape64": _rename("shape"),
    "bmm": _rename("matmul"),
    "swish": _rename("silu"),
    "assign_value_": _assign_value,
    "assign_value": _assign_value,
    "nearest_interp": _interpolate,
    "bilinear_interp": _interpolate,
    "bicubic_interp": _interpolate,
    "split_with_num": _split_with_num,
    "any": _reduce_with_axis_attribute,
}
