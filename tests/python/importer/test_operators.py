"""Every lowered operator, as a tiny PIR program, against NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import numpy_twins as twins
import pytest
from pir_builder import DType, Float32, PirProgram
from run_network import run_program, worst_difference

from instseg.importer.lowering.table import LOWERINGS

Array = npt.NDArray[Any]
Case = Callable[[PirProgram, int], tuple[list[int], Callable[[Array], list[Array]]]]

FLOAT_TOLERANCE = 2e-6
"""float32 against float64, sums of up to some dozen terms: a few units in the last place."""

X = np.random.default_rng(5).normal(size=(2, 4, 6, 8)).astype(np.float32)
"""The input of every case; its first size is open in the program."""

CASES: dict[str, Case] = {}
COVERED: set[str] = set()


def case(*operators: str) -> Callable[[Case], Case]:
    """Registers a case, and which operators it lowers."""

    def register(function: Case) -> Case:
        CASES[function.__name__] = function
        COVERED.update(operators)
        return function

    return register


def unary(name: str, function: Callable[[Array], Any], shift: float = 0.0) -> None:
    def build(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
        one = p.full([1], 1.0)
        y = p.op("scale", [x, one], attrs={"bias": shift, "bias_after_scale": True})
        return [p.op(name, [y])], lambda a: [function(a.astype(np.float64) + shift)]

    build.__name__ = name
    case(name)(build)


unary("relu", lambda a: np.maximum(a, 0))
unary("sigmoid", lambda a: 1 / (1 + np.exp(-a)))
unary("silu", lambda a: a / (1 + np.exp(-a)))
unary("tanh", np.tanh)
unary("exp", np.exp)
unary("log", np.log, 10.0)
unary("sqrt", np.sqrt, 10.0)
unary("abs", np.abs)
unary("floor", np.floor)
unary("ceil", np.ceil)


def binary(name: str, function: Callable[[Array, Array], Any], positive: bool = False) -> None:
    """With a constant [6, 1] that is broadcast along axes 0, 1 and 3."""

    def build(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
        other = np.linspace(0.5 if positive else -2, 2, 6, dtype=np.float32).reshape(6, 1)
        constant = p.parameter("other", other)
        base = p.op("exp", [x]) if positive else x
        dtype = "bool" if name.startswith(("greater", "less")) else "float32"
        out = p.op(name, [base, constant], [(dtype, [-1, 4, 6, 8])])
        return [p.op("cast", [out], attrs={"dtype": DType("float32")})], lambda a: [
            function(np.exp(a.astype(np.float64)) if positive else a, other)
        ]

    build.__name__ = name
    case(name, "cast")(build)


binary("add", np.add)
binary("subtract", np.subtract)
binary("multiply", np.multiply)
binary("divide", np.divide, positive=True)
binary("maximum", np.maximum)
binary("minimum", np.minimum)
binary("elementwise_pow", np.power, positive=True)
binary("greater_than", np.greater)
binary("greater_equal", np.greater_equal)
binary("less_than", np.less)
binary("less_equal", np.less_equal)


@case("equal", "logical_and", "logical_or", "logical_not", "where")
def logic(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    zero = p.full([], 0.0)
    rounded = p.op("floor", [x])
    is_zero = p.op("equal", [rounded, zero], [("bool", [-1, 4, 6, 8])])
    positive = p.op("greater_than", [x, zero], [("bool", [-1, 4, 6, 8])])
    negative = p.op("logical_not", [positive], [("bool", [-1, 4, 6, 8])])
    both = p.op("logical_and", [is_zero, positive], [("bool", [-1, 4, 6, 8])])
    either = p.op("logical_or", [is_zero, negative], [("bool", [-1, 4, 6, 8])])
    outputs = [p.op("where", [both, x, zero]), p.op("where", [either, zero, x])]
    return outputs, lambda a: [
        np.where((np.floor(a) == 0) & (a > 0), a, 0),
        np.where((np.floor(a) == 0) | (a <= 0), 0, a),
    ]


@case("hardsigmoid")
def hardsigmoid(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    attrs = {"slope": Float32(0.3), "offset": Float32(0.4)}
    return [p.op("hardsigmoid", [x], attrs=attrs)], lambda a: [np.clip(0.3 * a + 0.4, 0, 1)]


@case("gelu")
def gelu(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    erf = np.vectorize(math.erf)
    return [p.op("gelu", [x], attrs={"approximate": False})], lambda a: [
        a * 0.5 * (1 + erf(a.astype(np.float64) / math.sqrt(2)))
    ]


@case("scale")
def scale(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    factor = p.full([1], 3.0)
    after = p.op("scale", [x, factor], attrs={"bias": Float32(0.25), "bias_after_scale": True})
    before = p.op("scale", [x, factor], attrs={"bias": 0.25, "bias_after_scale": False})
    return [after, before], lambda a: [a * 3 + 0.25, (a + 0.25) * 3]


@case("clip")
def clip(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """Limits at infinity and at float32's own are none."""
    low, high = p.full([1], -0.5), p.full([1], 0.75)
    huge, infinite = p.full([1], 3.4028234663852886e38), p.full([1], math.inf)
    outputs = [
        p.op("clip", [x, low, high]),
        p.op("clip", [x, low, huge]),
        p.op("clip", [x, low, infinite]),
    ]
    return outputs, lambda a: [np.clip(a, -0.5, 0.75), np.maximum(a, -0.5), np.maximum(a, -0.5)]


@case("softmax")
def softmax(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    def expected(a: Array, axis: int) -> Array:
        e = np.exp(a.astype(np.float64) - a.max(axis, keepdims=True))
        return np.asarray(e / e.sum(axis, keepdims=True))

    outputs = [p.op("softmax", [x], attrs={"axis": axis}) for axis in (-1, 1)]
    return outputs, lambda a: [expected(a, -1), expected(a, 1)]


@case("max", "min", "sum", "mean")
def reductions(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    axes, last = p.ints([2, 3]), p.ints([-1])
    outputs = [
        p.op("max", [x, axes], attrs={"keepdim": False}),
        p.op("min", [x, last], attrs={"keepdim": True}),
        p.op("sum", [x, axes], attrs={"keepdim": True, "dtype": DType("Undefined(ALL_DTYPE)")}),
        p.op("mean", [x, last], attrs={"keepdim": False}),
    ]
    return outputs, lambda a: [
        a.max((2, 3)),
        a.min(-1, keepdims=True),
        a.sum((2, 3), keepdims=True),
        a.mean(-1),
    ]


@case("any")
def any_(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    limit = p.full([], 1.5)
    mask = p.op("greater_than", [x, limit], [("bool", [-1, 4, 6, 8])])
    found = p.op("any", [mask], [("bool", [-1, 4])], {"axis": [2, 3], "keepdim": False})
    row = p.op("any", [mask], [("bool", [-1, 4, 6, 1])], {"axis": [3], "keepdim": True})
    outputs = [p.op("cast", [v], attrs={"dtype": DType("float32")}) for v in (found, row)]
    return outputs, lambda a: [(a > 1.5).any((2, 3)), (a > 1.5).any(3, keepdims=True)]


@case("matmul")
def matmul(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    weight = np.random.default_rng(0).normal(size=(8, 5)).astype(np.float32)
    w, wt = p.parameter("w", weight), p.parameter("wt", np.ascontiguousarray(weight.T))
    outputs = [
        p.op("matmul", [x, w], attrs={"transpose_x": False, "transpose_y": False}),
        p.op("matmul", [x, wt], attrs={"transpose_x": False, "transpose_y": True}),
        p.op("matmul", [x, x], attrs={"transpose_x": True, "transpose_y": False}),
    ]
    return outputs, lambda a: [a @ weight, a @ weight, a.swapaxes(2, 3) @ a]


@case("matmul", "flatten")
def bmm(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    rows = p.op("flatten", [x], attrs={"start_axis": 2, "stop_axis": 3})
    columns = p.op("transpose", [rows], attrs={"perm": [0, 2, 1]})
    flat = lambda a: a.reshape(2, 4, 48)  # noqa: E731
    return [p.op("bmm", [rows, columns])], lambda a: [flat(a) @ flat(a).swapaxes(1, 2)]


CONV = {
    "data_format": "NCHW",
    "strides": [1, 1],
    "paddings": [0, 0],
    "dilations": [1, 1],
    "groups": 1,
    "padding_algorithm": "EXPLICIT",
}


@case("conv2d")
def conv2d(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """Strides, dilations, groups, paddings with 2 and 4 numbers, SAME and VALID."""
    random = np.random.default_rng(1)
    w = random.normal(size=(6, 4, 3, 3)).astype(np.float32)
    g = random.normal(size=(4, 2, 3, 2)).astype(np.float32)
    d = random.normal(size=(4, 1, 3, 3)).astype(np.float32)
    weight, grouped, depthwise = p.parameter("w", w), p.parameter("g", g), p.parameter("d", d)
    outputs = [
        p.op("conv2d", [x, weight], attrs={**CONV, "strides": [2, 1], "paddings": [1, 2]}),
        p.op("conv2d", [x, weight], attrs={**CONV, "paddings": [0, 1, 2, 3]}),
        p.op("conv2d", [x, weight], attrs={**CONV, "dilations": [2, 2], "paddings": [2, 2]}),
        p.op(
            "conv2d",
            [x, grouped],
            attrs={
                **CONV,
                "groups": 2,
                "padding_algorithm": "SAME",
                "strides": [2, 2],
                "dilations": [2, 2],
            },
        ),
        p.op(
            "depthwise_conv2d",
            [x, depthwise],
            attrs={**CONV, "groups": 4, "padding_algorithm": "VALID"},
        ),
    ]
    return outputs, lambda a: [
        twins.conv2d(a, w, (2, 1), ((1, 1), (2, 2))),
        twins.conv2d(a, w, pads=((0, 1), (2, 3))),
        twins.conv2d(a, w, pads=((2, 2), (2, 2)), dilation=(2, 2)),
        twins.conv2d(a, g, (2, 2), ((0, 1), (0, 0)), groups=2),  # SAME: no dilation
        twins.conv2d(a, d, groups=4),
    ]


@case("conv2d_transpose")
def conv2d_transpose(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """Strides, paddings with 2 and 4 numbers, dilations, groups, rows added at the end."""
    random = np.random.default_rng(6)
    w = random.normal(size=(4, 3, 2, 3)).astype(np.float32)
    g = random.normal(size=(4, 2, 3, 3)).astype(np.float32)
    weight, grouped = p.parameter("w", w), p.parameter("g", g)
    plain = {**CONV, "output_padding": []}
    cases: list[tuple[int, dict[str, Any]]] = [
        (weight, {**plain, "strides": [2, 1]}),
        (weight, {**plain, "strides": [2, 2], "paddings": [0, 1, 1, 0]}),
        (grouped, {**plain, "strides": [3, 2], "paddings": [1, 2], "groups": 2}),
        (grouped, {**plain, "strides": [2, 3], "groups": 2, "output_padding": [1, 2]}),
        (weight, {**plain, "dilations": [2, 1], "padding_algorithm": "VALID"}),
    ]
    size = p.ints([])
    outputs = [p.op("conv2d_transpose", [x, w, size], attrs=attrs) for w, attrs in cases]
    return outputs, lambda a: [
        twins.conv2d_transpose(a, w, (2, 1)),
        twins.conv2d_transpose(a, w, (2, 2), ((0, 1), (1, 0))),
        twins.conv2d_transpose(a, g, (3, 2), ((1, 1), (2, 2)), groups=2),
        twins.conv2d_transpose(a, g, (2, 3), ((0, -1), (0, -2)), groups=2),
        twins.conv2d_transpose(a, w, dilation=(2, 1)),
    ]


@case("conv2d")
def conv2d_with_bias_and_batch_norm(
    p: PirProgram, x: int
) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """Folded into one Conv each; the second chain has both; the third conv has two readers."""
    random = np.random.default_rng(2)
    w = random.normal(size=(4, 4, 1, 1)).astype(np.float32)
    b = random.normal(size=4).astype(np.float32)
    mean, gamma, beta = (random.normal(size=4).astype(np.float32) for _ in range(3))
    variance = random.uniform(0.5, 2, 4).astype(np.float32)
    weight, bias = p.parameter("w", w), p.parameter("b", b)
    statistics = [
        p.parameter(n, v) for n, v in (("m", mean), ("v", variance), ("s", gamma), ("z", beta))
    ]
    bn = {"epsilon": Float32(1e-5), "data_format": "NCHW", "is_test": True}
    ignored: list[tuple[str, list[int]]] = [("float32", [4])] * 4

    def normalised(value: int) -> int:
        outputs = [("float32", [-1, 4, 6, 8]), *ignored, ("uint8", [-1])]
        return p.op("batch_norm_", [value, *statistics], outputs, bn)

    def biased(value: int) -> int:
        shape = p.ints([1, -1, 1, 1])
        return p.op("add", [value, p.op("reshape", [bias, shape])])

    plain = [p.op("conv2d", [x, weight], attrs=CONV) for _ in range(3)]
    outputs = [
        normalised(plain[0]),
        normalised(biased(plain[1])),
        normalised(plain[2]),
        p.op("relu", [plain[2]]),
        normalised(x),
    ]

    def expected(a: Array) -> list[Array]:
        c = twins.conv2d(a, w)
        norm = lambda v: twins.batch_norm(v, mean, variance, gamma, beta)  # noqa: E731
        return [norm(c), norm(c + b.reshape(1, 4, 1, 1)), norm(c), np.maximum(c, 0), norm(a)]

    return outputs, expected


@case("layer_norm")
def layer_norm(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    gamma, beta = (np.random.default_rng(i).normal(size=8).astype(np.float32) for i in (3, 4))
    attrs = {"epsilon": 1e-5, "begin_norm_axis": 3}
    outputs = [("float32", [-1, 4, 6, 8]), ("float32", [-1]), ("float32", [-1])]
    s, b = p.parameter("s", gamma), p.parameter("b", beta)
    both = p.op("layer_norm", [x, s, b], outputs, attrs)
    neither = p.op("layer_norm", [x, 0, 0], outputs, attrs)
    return [both, neither], lambda a: [
        twins.layer_norm(a, gamma, beta),
        twins.layer_norm(a, np.ones(8), np.zeros(8)),
    ]


@case("group_norm")
def group_norm(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    gamma, beta = (np.random.default_rng(i).normal(size=4).astype(np.float32) for i in (3, 4))
    outputs = [("float32", [-1, 4, 6, 8]), ("float32", [-1, 2]), ("float32", [-1, 2])]
    s, b = p.parameter("s", gamma), p.parameter("b", beta)
    both = p.op("group_norm", [x, s, b], outputs, {"epsilon": 1e-5, "groups": 2})
    scaled = p.op("group_norm", [x, s, 0], outputs, {"epsilon": 1e-3, "groups": 4})
    neither = p.op("group_norm", [x, 0, 0], outputs, {"epsilon": 1e-5, "groups": 1})
    return [both, scaled, neither], lambda a: [
        twins.group_norm(a, 2, 1e-5, gamma, beta),
        twins.group_norm(a, 4, 1e-3, gamma, np.zeros(4)),
        twins.group_norm(a, 1, 1e-5, np.ones(4), np.zeros(4)),
    ]


POOL = {
    "data_format": "NCHW",
    "strides": [2, 2],
    "paddings": [0, 0],
    "ceil_mode": False,
    "exclusive": True,
    "pooling_type": "max",
    "global_pooling": False,
    "adaptive": False,
    "padding_algorithm": "EXPLICIT",
}


@case("pool2d")
def pool2d(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """The stem of PP-HGNetV2 (2x2, stride 1, SAME), means, rounding up, global."""
    two, three, one = p.ints([2, 2]), p.ints([3, 3]), p.ints([1, 1])
    same = {"strides": [1, 1], "padding_algorithm": "SAME", "ceil_mode": True}
    outputs = [
        p.op("pool2d", [x, two], attrs={**POOL, **same}),
        p.op("pool2d", [x, three], attrs={**POOL, "paddings": [1, 1]}),
        p.op("pool2d", [x, three], attrs={**POOL, "paddings": [1, 1], "pooling_type": "avg"}),
        p.op(
            "pool2d",
            [x, three],
            attrs={**POOL, "paddings": [1, 1], "pooling_type": "avg", "exclusive": False},
        ),
        p.op("pool2d", [x, two], attrs={**POOL, "pooling_type": "avg", "ceil_mode": True}),
        p.op("pool2d", [x, three], attrs={**POOL, "ceil_mode": True}),
        p.op("pool2d", [x, one], attrs={**POOL, "pooling_type": "avg", "adaptive": True}),
        p.op("pool2d", [x, two], attrs={**POOL, "global_pooling": True}),
    ]
    none, ones = ((0, 0), (0, 0)), ((1, 1), (1, 1))
    exact = {"exclusive": True, "ceil": False}
    return outputs, lambda a: [
        twins.pool2d(a, 2, 1, ((0, 1), (0, 1)), "max", **exact),
        twins.pool2d(a, 3, 2, ones, "max", **exact),
        twins.pool2d(a, 3, 2, ones, "avg", **exact),
        twins.pool2d(a, 3, 2, ones, "avg", exclusive=False, ceil=False),
        twins.pool2d(a, 2, 2, none, "avg", **exact),
        twins.pool2d(a, 3, 2, none, "max", exclusive=True, ceil=True),
        a.mean((2, 3), keepdims=True),
        a.max((2, 3), keepdims=True),
    ]


INTERP = {
    "data_format": "NCHW",
    "out_d": -1,
    "out_h": -1,
    "out_w": -1,
    "scale": [2.0, 2.0],
    "interp_method": "bilinear",
    "align_corners": False,
    "align_mode": 0,
}


@case("interpolate")
def interpolate(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    inputs = [x, 0, 0, 0]
    sized = {"out_h": 5, "out_w": 11, "scale": []}
    halved = {"out_h": 3, "out_w": 16, "scale": []}
    outputs = [
        p.op("bilinear_interp", inputs, attrs=INTERP),
        p.op("bilinear_interp", inputs, attrs={**INTERP, "align_mode": 1}),
        p.op("bilinear_interp", inputs, attrs={**INTERP, **sized, "align_corners": True}),
        p.op("bilinear_interp", inputs, attrs={**INTERP, **sized}),
        p.op("bilinear_interp", inputs, attrs={**INTERP, "scale": [0.5, 0.5]}),
        p.op("nearest_interp", inputs, attrs={**INTERP, "interp_method": "nearest"}),
        p.op("nearest_interp", inputs, attrs={**INTERP, **halved, "interp_method": "nearest"}),
    ]
    half = {"align_corners": False, "align_mode": 0}
    return outputs, lambda a: [
        twins.interpolate(a, 12, 16, "bilinear", **half),
        twins.interpolate(a, 12, 16, "bilinear", align_corners=False, align_mode=1),
        twins.interpolate(a, 5, 11, "bilinear", align_corners=True, align_mode=0),
        twins.interpolate(a, 5, 11, "bilinear", **half),
        twins.interpolate(a, 3, 4, "bilinear", **half),
        twins.interpolate(a, 12, 16, "nearest", **half),
        twins.interpolate(a, 3, 16, "nearest", **half),
    ]


@case("grid_sample")
def grid_sample(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """Points inside, on the edge, and outside."""
    points = np.random.default_rng(6).uniform(-1.4, 1.4, (1, 5, 7, 2)).astype(np.float32)
    points[0, 0, 0], points[0, 0, 1] = (-1, -1), (1, 1)
    grid = p.op("expand", [p.parameter("grid", points), p.ints([2, 5, 7, 2])])
    fixed = p.op("slice", [x, p.ints([0]), p.ints([2])], attrs={"axes": [0], "decrease_axis": []})
    attrs = {"mode": "bilinear", "padding_mode": "zeros"}
    outputs = [
        p.op("grid_sample", [fixed, grid], attrs={**attrs, "align_corners": corners})
        for corners in (False, True)
    ]
    both = np.repeat(points, 2, 0)
    return outputs, lambda a: [
        twins.grid_sample(a, both, align_corners=False),
        twins.grid_sample(a, both, align_corners=True),
    ]


@case("reshape", "shape", "slice", "stack", "transpose")
def reshape(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """0 copies, -1 is what is left; a target made from the batch size, and 2 * batch."""
    sizes = p.op("shape64", [x], [("int64", [4])])
    start, end = p.ints([0]), p.ints([1])
    cut = {"axes": [0], "infer_flags": [1], "decrease_axis": [0]}
    batch = p.op("slice", [sizes, start, end], [("int64", [])], cut)
    twice = p.op(
        "scale", [batch, p.full([1], 2.0)], [("int64", [])], {"bias": 0.0, "bias_after_scale": True}
    )
    rest, half = p.full([], 192.0, "int64"), p.full([], 96.0, "int64")
    targets = [
        p.op("stack", [p.combine([batch, rest])], [("int64", [2])], {"axis": 0}),
        p.op("stack", [p.combine([twice, half])], [("int64", [2])], {"axis": 0}),
    ]
    outputs = [
        p.op("reshape", [x, p.ints([0, 0, -1])]),
        p.op("reshape", [x, targets[0]]),
        p.op("reshape", [x, targets[1]]),
        p.op("transpose", [x], attrs={"perm": [0, 3, 1, 2]}),
    ]
    return outputs, lambda a: [
        a.reshape(2, 4, 48),
        a.reshape(2, 192),
        a.reshape(4, 96),
        a.transpose(0, 3, 1, 2),
    ]


@case("flatten", "squeeze", "unsqueeze")
def axes(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    wide = p.op("unsqueeze", [x, p.ints([1, 3])])
    outputs = [
        wide,
        p.op("squeeze", [wide, p.ints([1])]),
        p.op("squeeze", [wide, p.ints([-3, 2])]),
        p.op("unsqueeze", [x, p.ints([-1])]),
        p.op("flatten", [x], attrs={"start_axis": 0, "stop_axis": 1}),
        p.op("flatten", [x], attrs={"start_axis": 1, "stop_axis": -1}),
    ]
    return outputs, lambda a: [
        a[:, None, :, None],
        a[:, :, None],
        a[:, None],  # axis 2 of the wide tensor is 4 long and stays
        a[..., None],
        a.reshape(8, 6, 8),
        a.reshape(2, -1),
    ]


@case("concat", "stack", "split")
def joins(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    axis = p.full([1], 1.0, "int32")
    parts = p.op_with_list(
        "split", [x, p.ints([1, 3]), axis], [("float32", [-1, 1, 6, 8]), ("float32", [-1, 3, 6, 8])]
    )
    halves = p.op_with_list(
        "split_with_num",
        [x, p.full([1], -1.0, "int32")],
        [("float32", [-1, 4, 6, 4])] * 2,
        {"num": 2},
    )
    stacked = p.op("stack", [p.combine([x, x])], attrs={"axis": -2})
    outputs = [
        p.op("concat", [p.combine(parts[::-1]), axis]),
        p.op("stack", [p.combine(halves)], attrs={"axis": 0}),
        p.op("flatten", [stacked], attrs={"start_axis": 3, "stop_axis": 4}),
    ]
    return outputs, lambda a: [
        np.concatenate([a[:, 1:], a[:, :1]], 1),
        np.stack([a[..., :4], a[..., 4:]]),
        np.concatenate([a, a], 3),
    ]


@case("slice")
def slices(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    def cut(axes: list[int], starts: list[int], ends: list[int], dropped: list[int]) -> int:
        attrs = {"axes": axes, "infer_flags": [1], "decrease_axis": dropped}
        return p.op("slice", [x, p.ints(starts), p.ints(ends)], attrs=attrs)

    outputs = [
        cut([2, 3], [1, -3], [5, 2147483647], []),
        cut([1], [-1], [2147483647], [1]),
        cut([3], [2], [3], [3]),
    ]
    return outputs, lambda a: [a[:, :, 1:5, -3:], a[:, -1], a[..., 2]]


@case("tile", "expand")
def repeats(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    one = p.op("mean", [x, p.ints([3])], attrs={"keepdim": True})
    sizes = p.op("shape64", [x], [("int64", [4])])
    outputs = [
        p.op("tile", [x, p.ints([1, 2, 1, 3])]),
        p.op("expand", [one, p.ints([-1, 4, 6, 5])]),
        p.op("expand", [p.op("mean", [x, p.ints([0])], attrs={"keepdim": True}), sizes]),
    ]
    mean = lambda a: a.mean(3, keepdims=True)  # noqa: E731
    return outputs, lambda a: [
        np.tile(a, (1, 2, 1, 3)),
        np.repeat(mean(a), 5, 3),
        np.repeat(a.mean(0, keepdims=True), 2, 0),
    ]


@case("topk", "gather_nd", "arange")
def selection(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """The best 5 rows of each image, gathered by (image, row), as Mask-RT-DETR does."""
    rows = p.op("flatten", [x], attrs={"start_axis": 1, "stop_axis": 2})
    score = p.op("max", [rows, p.ints([-1])], attrs={"keepdim": False})
    best = p.op(
        "topk",
        [score, p.full([1], 5.0, "int32")],
        [("float32", [-1, 5]), ("int64", [-1, 5])],
        {"axis": 1, "largest": True, "sorted": True},
    )
    sizes = p.op("shape64", [rows], [("int64", [3])])
    batch = p.op(
        "slice",
        [sizes, p.ints([0]), p.ints([1])],
        [("int64", [])],
        {"axes": [0], "infer_flags": [1], "decrease_axis": [0]},
    )
    limits = [p.full([1], 0.0, "int64"), batch, p.full([1], 1.0, "int64")]
    images = p.op("arange", limits, [("int64", [-1])], {"dtype": DType("int64")})
    column = p.op("unsqueeze", [images, p.ints([-1])], [("int64", [-1, 1])])
    tiled = p.op("tile", [column, p.ints([1, 5])], [("int64", [-1, 5])])
    index = p.op("stack", [p.combine([tiled, best + 1])], [("int64", [-1, 5, 2])], {"axis": -1})
    rest = p.op("gather_nd", [rows, index])
    plain = p.op("gather_nd", [rows, column])
    numbers = p.op("cast", [images], attrs={"dtype": DType("float32")})

    def expected(a: Array) -> list[Array]:
        flat = a.reshape(2, 24, 8)
        order = np.argsort(-flat.max(-1), axis=1)[:, :5]
        return [
            np.take_along_axis(flat, order[..., None], 1),
            flat,
            np.arange(2),
            np.take_along_axis(flat.max(-1), order, 1),
        ]

    return [rest, plain, numbers, best], expected


@case("identity")
def constants(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """full_like, assign_value_, arange and meshgrid of constants are folded."""
    zeros = p.op("full_like", [x, p.full([1], 2.5)], attrs={"dtype": DType("float32")})
    given = p.op(
        "assign_value_",
        [p.full([2], 0.0)],
        [("float32", [2])],
        {"shape": [2], "dtype": DType("float32"), "values": [3.0, 4.0]},
    )
    steps = [p.full([1], v, "float64") for v in (0.0, 8.0, 1.0)]
    numbers = p.op("arange", steps, [("float32", [8])], {"dtype": DType("float32")})
    steps = [p.full([1], v, "float64") for v in (0.0, 6.0, 1.0)]
    rows = p.op("arange", steps, [("float32", [6])], {"dtype": DType("float32")})
    grids = p.op_with_list("meshgrid", [p.combine([rows, numbers])], [("float32", [6, 8])] * 2)
    outputs = [
        p.op("add", [zeros, x]),
        zeros,
        p.op("add", [p.op("multiply", [x, grids[0]]), grids[1]]),
        p.op("share_data_", [x]),
        given,
    ]

    def expected(a: Array) -> list[Array]:
        y, z = np.meshgrid(np.arange(6), np.arange(8), indexing="ij")
        return [a + 2.5, np.full_like(a, 2.5), a * y + z, a, np.array([3.0, 4.0])]

    return outputs, expected


@case("linspace", "meshgrid", "interpolate", "expand", "group_norm")
def open_size(p: PirProgram, x: int) -> tuple[list[int], Callable[[Array], list[Array]]]:
    """A picture of open size: coordinates beside it, resized to given and to computed sizes."""
    picture = p.data("picture", [-1, 4, -1, -1])
    sizes = p.op("shape64", [picture], [("int64", [4])])
    cut = {"axes": [0], "infer_flags": [1], "decrease_axis": [0]}
    height, width = (
        p.op("slice", [sizes, p.ints([axis]), p.ints([axis + 1])], [("int64", [])], cut)
        for axis in (2, 3)
    )
    ends = [p.full([1], -1.0), p.full([1], 1.0)]
    lines = [p.op("linspace", [*ends, count], [("float32", [-1])]) for count in (height, width)]
    grids = p.op_with_list("meshgrid", [p.combine(lines)], [("float32", [-1, -1])] * 2)
    axes = p.ints([0, 1])
    wide = [p.op("unsqueeze", [grid, axes], [("float32", [1, 1, -1, -1])]) for grid in grids]
    batch = p.op("slice", [sizes, p.ints([0]), p.ints([1])], [("int64", [])], cut)
    numbers = [p.full([], value, "int64") for value in (1.0, -1.0, -1.0)]
    target = p.op("stack", [p.combine([batch, *numbers])], [("int64", [4])], {"axis": 0})
    channels = [p.op("expand", [value, target], [("float32", [-1, 1, -1, -1])]) for value in wide]
    axis = p.full([1], 1.0, "int32")
    shape = ("float32", [-1, 6, -1, -1])
    placed = p.op("concat", [p.combine([picture, *channels]), axis], [shape])
    sized = {**INTERP, "scale": [], "out_h": 5, "out_w": 11}
    fixed = p.op("bilinear_interp", [placed, 0, 0, 0], [("float32", [-1, 6, 5, 11])], sized)
    smaller = p.op("bilinear_interp", [picture, 0, 0, 0], [shape], {**INTERP, "scale": [0.5, 0.5]})
    computed = {**INTERP, "scale": []}
    back = p.op("bilinear_interp", [smaller, 0, p.combine([height, width]), 0], [shape], computed)
    vector = p.op("stack", [p.combine([width, height])], [("int64", [2])], {"axis": 0})
    turned = p.op("bilinear_interp", [picture, vector, 0, 0], [shape], computed)
    outputs = [("float32", [-1, 4, -1, -1]), ("float32", [-1, 2]), ("float32", [-1, 2])]
    norm = p.op("group_norm", [picture, 0, 0], outputs, {"epsilon": 1e-5, "groups": 2})
    single = p.op("linspace", [*ends, p.full([1], 1.0, "int32")], [("float32", [1])])

    def expected(a: Array) -> list[Array]:
        y, z = np.meshgrid(np.linspace(-1, 1, 6), np.linspace(-1, 1, 8), indexing="ij")
        both = np.broadcast_to(np.stack([y, z]), (2, 2, 6, 8))
        together = np.concatenate([a, both], 1)
        half = {"align_corners": False, "align_mode": 0}
        small = twins.interpolate(a, 3, 4, "bilinear", **half)
        return [
            together,
            twins.interpolate(together, 5, 11, "bilinear", **half),
            twins.interpolate(small, 6, 8, "bilinear", **half),
            twins.interpolate(a, 8, 6, "bilinear", **half),
            twins.group_norm(a, 2, 1e-5, np.ones(4), np.zeros(4)),
            np.array([-1.0]),
        ]

    return [placed, fixed, back, turned, norm, single], expected


@pytest.mark.parametrize("name", CASES)
def test_lowered_operator_equals_numpy(name: str, tmp_path: Path) -> None:
    program = PirProgram()
    x = program.data("x", [-1, 4, 6, 8])
    outputs, expected = CASES[name](program, x)
    program.fetch(*outputs)
    actual = run_program(program.write(tmp_path), {"x": X, "picture": X})
    wanted = expected(X)
    assert len(actual) == len(wanted)
    for column, (a, b) in enumerate(zip(actual, wanted, strict=True)):
        assert a.shape == np.shape(b), f"output {column}"
        assert worst_difference(a, np.asarray(b, np.float64)) <= FLOAT_TOLERANCE, f"output {column}"


def test_every_lowering_has_a_case() -> None:
    assert set(LOWERINGS) - COVERED == set()
