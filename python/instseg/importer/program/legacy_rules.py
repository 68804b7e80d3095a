"""How each legacy operator is spelled in the graph (`normalise.py`): one short function each.

The second version of an operator (`reshape2`) differs from the first by an output that only
training needs; both are read alike.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from instseg.errors import ModelError

from ..ir.graph import Node, Value
from .data_types import legacy_type
from .legacy_operator import LegacyOperator

Rule = Callable[[LegacyOperator], Node]


def opaque(op: LegacyOperator) -> Node:
    """An operator that is not known here: kept, so that its results can be named in messages."""
    if "sub_block" in op.desc.attrs:
        return op.node(op.desc.type, [], {"control_flow": True}, tuple(op.desc.outputs))
    inputs: list[Value | None] = [value for slot in op.desc.inputs for value in op.inputs(slot)]
    return op.node(op.desc.type, inputs, {}, tuple(op.desc.outputs))


def unary(name: str) -> Rule:
    return lambda op: op.node(name, [op.input("X")])


def binary(name: str) -> Rule:
    """y is aligned with x at `axis`, or at the end for -1."""

    def rule(op: LegacyOperator) -> Node:
        x, y, axis = op.input("X"), op.input("Y"), op.attr("axis", -1)
        missing = len(x.shape) - len(y.shape) - axis
        if axis != -1 and missing > 0:
            wide = Value(f"{y.name}:aligned", y.dtype, (*y.shape, *[1] * missing))
            axes = op.constant(list(range(len(y.shape), len(y.shape) + missing)), "axes")
            op.before.append(Node("unsqueeze", [y, axes], [wide], {}, op.index))
            y = wide
        return op.node(name, [x, y])

    return rule


def logical(name: str) -> Rule:
    return lambda op: op.node(name, [op.input("X"), op.input("Y")])


def with_attrs(name: str, *attrs: str) -> Rule:
    """For operators of one input whose attributes have the same names."""
    return lambda op: op.node(
        name, [op.input("X")], {key: op.attr(key) for key in attrs if key in op.desc.attrs}
    )


def scale(op: LegacyOperator) -> Node:
    factor = op.optional("ScaleTensor") or op.constant([op.attr("scale", 1.0)], "scale", np.float32)
    attrs = {"bias": op.attr("bias", 0.0), "bias_after_scale": op.attr("bias_after_scale", True)}
    return op.node("scale", [op.input("X"), factor], attrs)


def clip(op: LegacyOperator) -> Node:
    low = op.optional("Min") or op.constant([op.attr("min")], "min", np.float32)
    high = op.optional("Max") or op.constant([op.attr("max")], "max", np.float32)
    return op.node("clip", [op.input("X"), low, high])


def cast(op: LegacyOperator) -> Node:
    return op.node("cast", [op.input("X")], {"dtype": legacy_type(op.attr("out_dtype"), "cast")})


def swish(op: LegacyOperator) -> Node:
    if op.attr("beta", 1.0) != 1.0:
        raise ModelError(f"swish with beta {op.attr('beta')} is not supported")
    return op.node("silu", [op.input("X")])


def gelu(op: LegacyOperator) -> Node:
    return op.node("gelu", [op.input("X")], {"approximate": op.attr("approximate", False)})


def hard_sigmoid(op: LegacyOperator) -> Node:
    attrs = {"slope": op.attr("slope", 0.2), "offset": op.attr("offset", 0.5)}
    return op.node("hardsigmoid", [op.input("X")], attrs)


def softmax(op: LegacyOperator) -> Node:
    return op.node("softmax", [op.input("X")], {"axis": op.attr("axis", -1)})


def where(op: LegacyOperator) -> Node:
    return op.node("where", [op.input("Condition"), op.input("X"), op.input("Y")])


def select_input(op: LegacyOperator) -> Node:
    """X[0] where the mask is 0, X[1] where it is 1."""
    otherwise, then = op.inputs("X")
    return op.node("if", [op.input("Mask"), then, otherwise])


def reduce(name: str) -> Rule:
    def rule(op: LegacyOperator) -> Node:
        axes = [] if op.attr("reduce_all", False) else op.attr("dim", [])
        inputs: list[Value | None] = [op.input("X"), op.constant(axes, "axes")]
        return op.node(name, inputs, {"keepdim": op.attr("keep_dim", False)})

    return rule


def matmul_v2(op: LegacyOperator) -> Node:
    attrs = {"transpose_x": op.attr("trans_x", False), "transpose_y": op.attr("trans_y", False)}
    return op.node("matmul", [op.input("X"), op.input("Y")], attrs)


def matmul(op: LegacyOperator) -> Node:
    """The first version: with a factor."""
    if op.attr("alpha", 1.0) != 1.0:
        raise ModelError(f"matmul with alpha {op.attr('alpha')} is not supported")
    attrs = {
        "transpose_x": op.attr("transpose_X", False),
        "transpose_y": op.attr("transpose_Y", False),
    }
    return op.node("matmul", [op.input("X"), op.input("Y")], attrs)


def bmm(op: LegacyOperator) -> Node:
    return op.node("matmul", [op.input("X"), op.input("Y")])


def conv2d(op: LegacyOperator) -> Node:
    names = ("strides", "paddings", "padding_algorithm", "dilations", "groups", "data_format")
    attrs = {name: op.attr(name) for name in names if name in op.desc.attrs}
    if attrs.get("data_format") == "AnyLayout":
        attrs["data_format"] = "NCHW"
    inputs: list[Value | None] = [op.input("Input"), op.input("Filter")]
    if op.optional("Bias") is not None:
        inputs.append(op.optional("Bias"))
    return op.node("conv2d", inputs, attrs, ("Output",))


def conv2d_transpose(op: LegacyOperator) -> Node:
    names = ("strides", "paddings", "padding_algorithm", "dilations", "groups", "output_padding")
    attrs = {name: op.attr(name) for name in names if name in op.desc.attrs}
    attrs["data_format"] = op.attr("data_format", "NCHW")
    if op.attr("output_size"):
        raise ModelError(f"output_size {op.attr('output_size')} is not supported")
    return op.node("conv2d_transpose", [op.input("Input"), op.input("Filter")], attrs, ("Output",))


def batch_norm(op: LegacyOperator) -> Node:
    slots = ("X", "Mean", "Variance", "Scale", "Bias")
    return op.node(
        "batch_norm",
        [op.input(slot) for slot in slots],
        {"epsilon": op.attr("epsilon", 1e-5), "data_format": op.attr("data_layout", "NCHW")},
        ("Y",),
    )


def layer_norm(op: LegacyOperator) -> Node:
    attrs = {
        "epsilon": op.attr("epsilon", 1e-5),
        "begin_norm_axis": op.attr("begin_norm_axis", 1),
    }
    inputs = [op.input("X"), op.optional("Scale"), op.optional("Bias")]
    return op.node("layer_norm", inputs, attrs, ("Y",))


def group_norm(op: LegacyOperator) -> Node:
    attrs = {
        "epsilon": op.attr("epsilon", 1e-5),
        "groups": op.attr("groups"),
        "data_format": op.attr("data_layout", "NCHW"),
    }
    inputs = [op.input("X"), op.optional("Scale"), op.optional("Bias")]
    return op.node("group_norm", inputs, attrs, ("Y",))


def pool2d(op: LegacyOperator) -> Node:
    names = (
        "strides paddings padding_algorithm ceil_mode exclusive pooling_type global_pooling "
        "adaptive data_format"
    )
    attrs = {name: op.attr(name) for name in names.split() if name in op.desc.attrs}
    return op.node("pool2d", [op.input("X"), op.ints("ksize")], attrs)


def interpolate(op: LegacyOperator) -> Node:
    names = ("align_corners", "align_mode", "out_h", "out_w", "scale")
    attrs = {name: op.attr(name) for name in names if name in op.desc.attrs}
    attrs |= {"mode": op.attr("interp_method"), "data_format": op.attr("data_layout", "NCHW")}
    sizes = [op.optional("OutSize"), op.optional("Scale"), *op.inputs("SizeTensor")]
    return op.node("interpolate", [op.input("X"), *sizes], attrs)


def grid_sampler(op: LegacyOperator) -> Node:
    attrs = {name: op.attr(name) for name in ("mode", "padding_mode", "align_corners")}
    return op.node("grid_sample", [op.input("X"), op.input("Grid")], attrs, ("Output",))


def reshape(op: LegacyOperator) -> Node:
    return op.node("reshape", [op.input("X"), op.ints("shape", "Shape", "ShapeTensor")])


def transpose(op: LegacyOperator) -> Node:
    return op.node("transpose", [op.input("X")], {"perm": op.attr("axis")})


def squeeze(op: LegacyOperator) -> Node:
    return op.node("squeeze", [op.input("X"), op.ints("axes")])


def unsqueeze(op: LegacyOperator) -> Node:
    return op.node("unsqueeze", [op.input("X"), op.ints("axes", "AxesTensor", "AxesTensorList")])


def concat(op: LegacyOperator) -> Node:
    return op.node("concat", [*op.inputs("X"), op.ints("axis", "AxisTensor")])


def stack(op: LegacyOperator) -> Node:
    return op.node("stack", [*op.inputs("X")], {"axis": op.attr("axis", 0)}, ("Y",))


def split(op: LegacyOperator) -> Node:
    axis = op.ints("axis", "AxisTensor")
    if op.attr("sections") or op.inputs("SectionsTensorList"):
        return op.node(
            "split", [op.input("X"), op.ints("sections", "", "SectionsTensorList"), axis]
        )
    return op.node("split", [op.input("X"), None, axis], {"num": op.attr("num")})


def slice_(op: LegacyOperator) -> Node:
    inputs: list[Value | None] = [
        op.input("Input"),
        op.ints("starts", "StartsTensor", "StartsTensorList"),
        op.ints("ends", "EndsTensor", "EndsTensorList"),
    ]
    return op.node(
        "slice", inputs, {"axes": op.attr("axes"), "decrease_axis": op.attr("decrease_axis", [])}
    )


def expand(op: LegacyOperator) -> Node:
    return op.node("expand", [op.input("X"), op.ints("shape", "Shape", "expand_shapes_tensor")])


def tile(op: LegacyOperator) -> Node:
    repeats = op.ints("repeat_times", "RepeatTimes", "repeat_times_tensor")
    return op.node("tile", [op.input("X"), repeats])


def strided_slice(op: LegacyOperator) -> Node:
    inputs: list[Value | None] = [
        op.input("Input"),
        op.ints("starts", "StartsTensor", "StartsTensorList"),
        op.ints("ends", "EndsTensor", "EndsTensorList"),
        op.ints("strides", "StridesTensor", "StridesTensorList"),
    ]
    return op.node("strided_slice", inputs, {"axes": op.attr("axes")})


def gather(op: LegacyOperator) -> Node:
    return op.node("gather", [op.input("X"), op.input("Index"), op.ints("axis", "Axis")])


def gather_nd(op: LegacyOperator) -> Node:
    return op.node("gather_nd", [op.input("X"), op.input("Index")])


def top_k(op: LegacyOperator) -> Node:
    attrs = {name: op.attr(name) for name in ("axis", "largest", "sorted")}
    return op.node("topk", [op.input("X"), op.ints("k", "K")], attrs, ("Out", "Indices"))


def generate_proposals(op: LegacyOperator) -> Node:
    slots = ("Scores", "BboxDeltas", "ImShape", "Anchors", "Variances")
    attrs = {
        "pre_nms_top_n": op.attr("pre_nms_topN"),
        "post_nms_top_n": op.attr("post_nms_topN"),
        "nms_thresh": op.attr("nms_thresh"),
        "min_size": op.attr("min_size"),
        "eta": op.attr("eta", 1.0),
        "pixel_offset": op.attr("pixel_offset", True),
    }
    outputs = ("RpnRois", "RpnRoiProbs", "RpnRoisNum")
    return op.node("generate_proposals", [op.input(slot) for slot in slots], attrs, outputs)


def distribute_fpn_proposals(op: LegacyOperator) -> Node:
    names = ("min_level", "max_level", "refer_level", "refer_scale")
    attrs = {name: op.attr(name) for name in names}
    attrs["pixel_offset"] = op.attr("pixel_offset", True)
    outputs = ("MultiFpnRois", "MultiLevelRoIsNum", "RestoreIndex")
    inputs: list[Value | None] = [op.input("FpnRois"), op.optional("RoisNum")]
    return op.node("distribute_fpn_proposals", inputs, attrs, outputs)


def roi_align(op: LegacyOperator) -> Node:
    names = ("pooled_height", "pooled_width", "spatial_scale", "sampling_ratio")
    attrs = {name: op.attr(name) for name in names}
    attrs["aligned"] = op.attr("aligned", False)
    return op.node("roi_align", [op.input("X"), op.input("ROIs"), op.optional("RoisNum")], attrs)


def multiclass_nms3(op: LegacyOperator) -> Node:
    names = "score_threshold nms_top_k keep_top_k nms_threshold normalized nms_eta background_label"
    attrs = {name: op.attr(name) for name in names.split()}
    inputs = [op.input("BBoxes"), op.input("Scores"), op.optional("RoisNum")]
    return op.node("multiclass_nms3", inputs, attrs, ("Out", "Index", "NmsRoisNum"))


def shape(op: LegacyOperator) -> Node:
    return op.node("shape", [op.input("Input")])


def arange(op: LegacyOperator) -> Node:
    return op.node("arange", [op.input("Start"), op.input("End"), op.input("Step")])


def linspace(op: LegacyOperator) -> Node:
    return op.node("linspace", [op.input("Start"), op.input("Stop"), op.input("Num")])


def nonzero(op: LegacyOperator) -> Node:
    return op.node("nonzero", [op.input("Condition")])


def meshgrid(op: LegacyOperator) -> Node:
    return op.node("meshgrid", [*op.inputs("X")])


def fill_constant(op: LegacyOperator) -> Node:
    """`str_value` holds the number with more digits than the float32 `value`."""
    if op.inputs("ShapeTensor") or op.inputs("ShapeTensorList") or op.inputs("ValueTensor"):
        return opaque(op)
    text = op.attr("str_value")
    value = float(text) if text else op.attr("value", 0.0)
    return op.node("full", [], {"shape": op.attr("shape"), "value": value})


def fill_any_like(op: LegacyOperator) -> Node:
    value = op.constant([op.attr("value", 0.0)], "value", np.float64)
    return op.node("full_like", [op.input("X"), value])


def assign_value(op: LegacyOperator) -> Node:
    """Older exporters have one list per type, newer ones a list of scalars."""
    for name in ("values", "fp32_values", "int32_values", "int64_values", "bool_values"):
        if op.attr(name):
            return op.node("assign_value", [], {"shape": op.attr("shape"), "values": op.attr(name)})
    raise ModelError("it has no values")


LEGACY_RULES: dict[str, Rule] = {
    "relu": unary("relu"),
    "sigmoid": unary("sigmoid"),
    "silu": unary("silu"),
    "tanh": unary("tanh"),
    "exp": unary("exp"),
    "log": unary("log"),
    "floor": unary("floor"),
    "ceil": unary("ceil"),
    "sqrt": unary("sqrt"),
    "abs": unary("abs"),
    "logical_not": unary("logical_not"),
    "assign": unary("identity"),
    "share_data": unary("identity"),
    "memcpy": unary("identity"),
    "swish": swish,
    "gelu": gelu,
    "hard_sigmoid": hard_sigmoid,
    "softmax": softmax,
    "scale": scale,
    "clip": clip,
    "cast": cast,
    "elementwise_add": binary("add"),
    "elementwise_sub": binary("subtract"),
    "elementwise_mul": binary("multiply"),
    "elementwise_div": binary("divide"),
    "elementwise_max": binary("maximum"),
    "elementwise_min": binary("minimum"),
    "elementwise_pow": binary("elementwise_pow"),
    "elementwise_mod": binary("remainder"),
    "elementwise_floordiv": binary("floor_divide"),
    "greater_than": binary("greater_than"),
    "greater_equal": binary("greater_equal"),
    "less_than": binary("less_than"),
    "less_equal": binary("less_equal"),
    "equal": binary("equal"),
    "not_equal": binary("not_equal"),
    "logical_and": logical("logical_and"),
    "logical_or": logical("logical_or"),
    "where": where,
    "select_input": select_input,
    "reduce_max": reduce("max"),
    "reduce_min": reduce("min"),
    "reduce_sum": reduce("sum"),
    "reduce_mean": reduce("mean"),
    "reduce_any": reduce("any"),
    "sum": lambda op: op.node("add_n", [*op.inputs("X")]),
    "matmul_v2": matmul_v2,
    "matmul": matmul,
    "bmm": bmm,
    "conv2d": conv2d,
    "conv2d_transpose": conv2d_transpose,
    "depthwise_conv2d": conv2d,
    "batch_norm": batch_norm,
    "layer_norm": layer_norm,
    "group_norm": group_norm,
    "pool2d": pool2d,
    "nearest_interp_v2": interpolate,
    "bilinear_interp_v2": interpolate,
    "bicubic_interp_v2": interpolate,
    "grid_sampler": grid_sampler,
    "reshape2": reshape,
    "transpose2": transpose,
    "flatten_contiguous_range": with_attrs("flatten", "start_axis", "stop_axis"),
    "squeeze2": squeeze,
    "unsqueeze2": unsqueeze,
    "flip": with_attrs("flip", "axis"),
    "concat": concat,
    "stack": stack,
    "split": split,
    "slice": slice_,
    "strided_slice": strided_slice,
    "expand_v2": expand,
    "tile": tile,
    "gather": gather,
    "gather_nd": gather_nd,
    "where_index": nonzero,
    "top_k_v2": top_k,
    "generate_proposals_v2": generate_proposals,
    "distribute_fpn_proposals": distribute_fpn_proposals,
    "roi_align": roi_align,
    "multiclass_nms3": multiclass_nms3,
    "shape": shape,
    "range": arange,
    "linspace": linspace,
    "meshgrid": meshgrid,
    "fill_constant": fill_constant,
    "fill_any_like": fill_any_like,
    "assign_value": assign_value,
}
