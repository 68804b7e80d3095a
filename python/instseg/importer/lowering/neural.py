"""Convolution, pooling, normalisation, matrix products, attention's parts, resampling."""

from __future__ import annotations

import numpy as np

from instseg.errors import ModelError

from ..ir.dims import Dim
from ..ir.graph import Node
from ..ir.shape_rules import axis_of, fixed_ints
from ..ir.windows import dilations, extra_rows, paddings
from .builder import OnnxBuilder


def conv2d(node: Node, out: OnnxBuilder) -> None:
    x, weight = node.input(0), node.input(1)
    kernel = [int(dim) for dim in weight.shape[2:]]  # type: ignore[arg-type]
    out.result(
        "Conv",
        out.names(node.inputs),
        node,
        kernel_shape=kernel,
        strides=list(node.attrs["strides"]),
        dilations=dilations(node, 2),
        group=int(node.attrs.get("groups", 1)),
        pads=_onnx_pads(paddings(node, list(x.shape[2:]), kernel)),
    )


def conv2d_transpose(node: Node, out: OnnxBuilder) -> None:
    x, weight = node.input(0), node.input(1)
    kernel = [int(dim) for dim in weight.shape[2:]]  # type: ignore[arg-type]
    out.result(
        "ConvTranspose",
        out.names([x, weight]),
        node,
        kernel_shape=kernel,
        strides=list(node.attrs["strides"]),
        dilations=dilations(node, 2),
        group=int(node.attrs.get("groups", 1)),
        pads=_onnx_pads(paddings(node, list(x.shape[2:]), kernel)),
        output_padding=extra_rows(node),
    )


def pool2d(node: Node, out: OnnxBuilder) -> None:
    """Maximum or mean; `exclusive` leaves the padding out of the mean."""
    x, kernel = node.input(0), list(fixed_ints(node.input(1)))
    kind = {"max": "Max", "avg": "Average"}.get(node.attrs["pooling_type"])
    if kind is None:
        raise ModelError(f"pooling type {node.attrs['pooling_type']!r} is not supported")
    if node.attrs.get("global_pooling") or (node.attrs.get("adaptive") and kernel == [1, 1]):
        out.result(f"Global{kind}Pool", [out.name(x)], node)
        return
    if node.attrs.get("adaptive"):
        raise ModelError(f"adaptive pooling to {kernel} is not supported")
    pads = paddings(node, list(x.shape[2:]), kernel)
    strides = list(node.attrs["strides"])
    attrs: dict[str, object] = {}
    if kind == "Average":
        attrs["count_include_pad"] = int(not node.attrs.get("exclusive", True))
    if node.attrs.get("ceil_mode") and not _windows_fit(x.shape[2:], kernel, strides, pads):
        attrs["ceil_mode"] = 1
    out.result(
        f"{kind}Pool",
        [out.name(x)],
        node,
        kernel_shape=kernel,
        strides=strides,
        pads=_onnx_pads(pads),
        **attrs,
    )


def _windows_fit(
    sizes: tuple[Dim, ...], kernel: list[int], strides: list[int], pads: list[tuple[int, int]]
) -> bool:
    """Whether the last windows end exactly at the border, so that rounding up changes nothing."""
    return all(
        stride == 1 or (isinstance(size, int) and (size + sum(pad) - k) % stride == 0)
        for size, k, stride, pad in zip(sizes, kernel, strides, pads, strict=True)
    )


def _onnx_pads(pairs: list[tuple[int, int]]) -> list[int]:
    return [before for before, _ in pairs] + [after for _, after in pairs]


def matmul(node: Node, out: OnnxBuilder) -> None:
    inputs = []
    for value, flag in ((node.input(0), "transpose_x"), (node.input(1), "transpose_y")):
        name = out.name(value)
        if node.attrs.get(flag):
            rank = len(value.shape)
            perm = [*range(rank - 2), rank - 1, rank - 2]
            name = out.add("Transpose", [name], node, perm=perm)
        inputs.append(name)
    out.result("MatMul", inputs, node)


def layer_norm(node: Node, out: OnnxBuilder) -> None:
    """Scale and bias are vectors over all normalised axes; only the first output is a result."""
    x, axis = node.input(0), int(node.attrs["begin_norm_axis"])
    length = x.shape[-1]
    if axis_of(axis, len(x.shape)) != len(x.shape) - 1 or not isinstance(length, int):
        raise ModelError("layer norm over several axes, or one of open size, is not supported")
    if node.optional(1) is not None:
        scale = out.name(node.optional(1))
    else:
        scale = out.constant(np.ones(length, x.dtype), "ones")
    out.add(
        "LayerNormalization",
        [out.name(x), scale, out.name(node.optional(2))],
        node,
        [out.name(node.output)],
        axis=-1,
        epsilon=float(node.attrs["epsilon"]),
    )


def group_norm(node: Node, out: OnnxBuilder) -> None:
    """Every group becomes one channel of an instance norm; scale and bias are per channel."""
    x, groups = node.input(0), int(node.attrs["groups"])
    channels = x.shape[1] if len(x.shape) == 4 else None
    if not isinstance(channels, int) or node.attrs.get("data_format", "NCHW") != "NCHW":
        raise ModelError(f"group norm of {x} is not supported")
    if groups < 1 or channels % groups:
        raise ModelError(f"{channels} channels do not divide into {groups} groups")
    grouped = out.add("Reshape", [out.name(x), out.constant([0, groups, -1], "groups")], node)
    ones = out.constant(np.ones(groups, x.dtype), "ones")
    zeros = out.constant(np.zeros(groups, x.dtype), "zeros")
    epsilon = float(node.attrs["epsilon"])
    normal = out.add("InstanceNormalization", [grouped, ones, zeros], node, epsilon=epsilon)
    result = out.add("Reshape", [normal, out.add("Shape", [out.name(x)], node)], node)
    per_channel = out.constant([1, channels, 1, 1], "channels")
    steps = [("Mul", node.optional(1)), ("Add", node.optional(2))]
    present = [(op, value) for op, value in steps if value is not None]
    for op, value in present:
        operand = out.add("Reshape", [out.name(value), per_channel], node)
        last = value is present[-1][1]
        names = [out.name(node.output)] if last else None
        result = out.add(op, [result, operand], node, names)
    if not present:
        out.add("Identity", [result], node, [out.name(node.output)])


def softmax(node: Node, out: OnnxBuilder) -> None:
    out.result("Softmax", [out.name(node.input(0))], node, axis=int(node.attrs.get("axis", -1)))


def interpolate(node: Node, out: OnnxBuilder) -> None:
    """Paddle's pixel positions: half-pixel for align_mode 0, else the corner; nearest: down."""
    mode, corners = node.attrs["mode"], bool(node.attrs.get("align_corners"))
    modes = {"nearest": "nearest", "bilinear": "linear", "bicubic": "cubic"}
    if mode not in modes or (corners and mode == "nearest"):
        raise ModelError(f"interpolation {mode!r} (align_corners {corners}) is not supported")
    attrs: dict[str, object] = {"mode": modes[mode]}
    if mode == "nearest":
        attrs.update(coordinate_transformation_mode="asymmetric", nearest_mode="floor")
    elif corners:
        attrs["coordinate_transformation_mode"] = "align_corners"
    elif mode == "bilinear" and node.attrs.get("align_mode", 1) == 1:
        attrs["coordinate_transformation_mode"] = "asymmetric"
    else:
        attrs["coordinate_transformation_mode"] = "half_pixel"
    if mode == "bicubic":
        attrs["cubic_coeff_a"] = -0.75
    inputs = [out.name(node.input(0)), ""]
    sizes = _sizes(node, out)
    if sizes is None:
        inputs.append(out.constant([1.0, 1.0, *_scales(node)], "scales"))
    else:
        inputs += ["", sizes]
    out.result("Resize", inputs, node, **attrs)


def _sizes(node: Node, out: OnnxBuilder) -> str | None:
    """The tensor [N, C, height, width] where the scale is only known at run time, else None."""
    x, vector, scale = node.input(0), node.optional(1), node.optional(2)
    parts = [vector] if vector is not None else [v for v in node.inputs[3:] if v is not None]
    if parts and scale is None:
        sizes = [out.cast(value, np.dtype(np.int64), node) for value in parts]
        if vector is None:
            one = out.constant([1], "one")
            sizes = [out.add("Reshape", [name, one], node) for name in sizes]
    elif parts or scale is not None:
        raise ModelError("a scale that is computed at run time is not supported")
    elif node.attrs.get("scale") or all(isinstance(dim, int) for dim in x.shape[2:]):
        return None
    elif node.attrs["mode"] == "nearest":
        raise ModelError("nearest interpolation from an open to a fixed size is not supported")
    else:
        fixed = [int(dim) for dim in node.output.shape[2:]]  # type: ignore[arg-type]
        sizes = [out.constant(fixed, "size")]
    shape = out.add("Shape", [out.name(x)], node)
    limits = [out.constant([limit], "limit") for limit in (0, 2)]
    return out.add("Concat", [out.add("Slice", [shape, *limits], node), *sizes], node, axis=0)


def _scales(node: Node) -> list[float]:
    """Output size over input size, per axis, such that ONNX finds the same output size."""
    given = [float(factor) for factor in node.attrs.get("scale") or []]
    if given and all(factor > 0 for factor in given):
        return given * 2 if len(given) == 1 else given
    scales = []
    for before, after in zip(node.input(0).shape[2:], node.output.shape[2:], strict=True):
        if not isinstance(before, int) or not isinstance(after, int):
            raise ModelError("a fixed output size for an open input size is not supported")
        scale = np.float32(after / before)
        if float(scale) * before < after:  # ONNX rounds the product down
            scale = np.nextafter(scale, np.float32(np.inf))
        if node.attrs["mode"] == "nearest" and float(scale) * before != after:
            raise ModelError(f"nearest interpolation from {before} to {after} is not supported")
        scales.append(float(scale))
    return scales


def grid_sample(node: Node, out: OnnxBuilder) -> None:
    """The grid's last axis is x, y in -1..1, in Paddle and in ONNX."""
    mode, padding = node.attrs["mode"], node.attrs["padding_mode"]
    if mode not in ("bilinear", "nearest") or padding not in ("zeros", "border", "reflection"):
        raise ModelError(f"sampling {mode!r} with padding {padding!r} is not supported")
    out.result(
        "GridSample",
        out.names(node.inputs[:2]),
        node,
        mode=mode,
        padding_mode=padding,
        align_corners=int(bool(node.attrs.get("align_corners"))),
    )
