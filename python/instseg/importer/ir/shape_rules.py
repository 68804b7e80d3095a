"""What shape each operator gives, one short function per operator (table at the end).

A rule returns the shapes of the node's outputs in order. Sizes may hold symbols. Operators without
a rule keep the shapes that the program declares.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from instseg.errors import ModelError

from .dims import Dim, Shape, Symbol, broadcast, divide, multiply, product, text
from .graph import Node, Value, known_ints
from .windows import dilations, extra_rows, paddings, window_count

ShapeRule = Callable[[Node], list[Shape]]


def axis_of(axis: int, rank: int) -> int:
    """A non-negative axis; raises where it is out of range."""
    if not -rank <= axis < rank:
        raise ModelError(f"axis {axis} is out of range for rank {rank}")
    return axis % rank


def ints(value: Value | None) -> tuple[Dim, ...]:
    """Elements of an integer tensor whose values are known."""
    known = None if value is None else known_ints(value)
    if known is None:
        raise ModelError(f"the numbers in {value} are only known at run time")
    return known


def fixed_ints(value: Value | None) -> tuple[int, ...]:
    known = ints(value)
    fixed = tuple(number for number in known if isinstance(number, int))
    if len(fixed) != len(known):
        raise ModelError(f"the numbers in {value} depend on the batch")
    return fixed


def fixed_int(value: Value | None) -> int:
    numbers = fixed_ints(value)
    if len(numbers) != 1:
        raise ModelError(f"one number expected in {value}")
    return numbers[0]


def unknown(node: Node, axis: int) -> Symbol:
    """A size that only this result has."""
    return Symbol(f"?{node.output.name}.{axis}")


def same(node: Node) -> list[Shape]:
    return [node.input(0).shape]


def elementwise(node: Node) -> list[Shape]:
    shape: Shape = ()
    for value in node.inputs:
        if value is not None:
            shape = broadcast(shape, value.shape)
    return [shape]


def matmul(node: Node) -> list[Shape]:
    x, y = node.input(0).shape, node.input(1).shape
    if len(x) < 2 or len(y) < 2:
        raise ModelError(f"matrix product of {text(x)} and {text(y)} is not supported")
    if node.attrs.get("transpose_x"):
        x = (*x[:-2], x[-1], x[-2])
    if node.attrs.get("transpose_y"):
        y = (*y[:-2], y[-1], y[-2])
    if isinstance(x[-1], int) and isinstance(y[-2], int) and x[-1] != y[-2]:
        raise ModelError(f"shapes {text(x)} and {text(y)} do not multiply")
    return [(*broadcast(x[:-2], y[:-2]), x[-2], y[-1])]


def conv2d(node: Node) -> list[Shape]:
    x, weight = node.input(0).shape, node.input(1).shape
    if len(x) != 4 or len(weight) != 4 or node.attrs.get("data_format", "NCHW") != "NCHW":
        raise ModelError(f"only NCHW with 4 axes is supported, got {text(x)} and {text(weight)}")
    kernel = [dim for dim in weight[2:] if isinstance(dim, int)]
    groups = int(node.attrs.get("groups", 1))
    outputs = weight[0]
    if groups < 1 or (groups > 1 and divide(outputs, groups) is None):
        raise ModelError(f"{outputs} output channels do not divide into {groups} group(s)")
    bias = node.optional(2)
    if bias is not None and bias.shape != (outputs,):
        raise ModelError(f"bias {text(bias.shape)} does not fit weight {text(weight)}")
    if multiply(weight[1], groups) != x[1]:
        raise ModelError(f"weight {text(weight)} in {groups} group(s) does not fit input {text(x)}")
    pads, spread = paddings(node, list(x[2:]), kernel), dilations(node, 2)
    strides = node.attrs["strides"]
    sizes = [
        window_count(x[2 + i], kernel[i], strides[i], pads[i], spread[i], False) for i in (0, 1)
    ]
    return [(x[0], weight[0], *sizes)]


def conv2d_transpose(node: Node) -> list[Shape]:
    """The weight is [input channels, output channels / groups, h, w]."""
    x, weight = node.input(0).shape, node.input(1).shape
    if len(x) != 4 or len(weight) != 4 or node.attrs.get("data_format", "NCHW") != "NCHW":
        raise ModelError(f"only NCHW with 4 axes is supported, got {text(x)} and {text(weight)}")
    if weight[0] != x[1]:
        raise ModelError(f"weight {text(weight)} does not fit input {text(x)}")
    kernel = [dim for dim in weight[2:] if isinstance(dim, int)]
    pads, spread, extra = paddings(node, list(x[2:]), kernel), dilations(node, 2), extra_rows(node)
    sizes: list[Dim] = []
    for i, stride in enumerate(node.attrs["strides"]):
        size, window = x[2 + i], spread[i] * (kernel[i] - 1) + 1 + extra[i] - sum(pads[i])
        if isinstance(size, int):
            sizes.append((size - 1) * stride + window)
        else:
            sizes.append(multiply(size, stride) if window == stride else unknown(node, 2 + i))
    return [(x[0], multiply(weight[1], int(node.attrs.get("groups", 1))), *sizes)]


def roi_align(node: Node) -> list[Shape]:
    x, boxes = node.input(0).shape, node.input(1).shape
    if len(x) != 4 or len(boxes) != 2:
        raise ModelError(f"features {text(x)} and boxes {text(boxes)} are not supported")
    return [(boxes[0], x[1], int(node.attrs["pooled_height"]), int(node.attrs["pooled_width"]))]


def pool2d(node: Node) -> list[Shape]:
    x = node.input(0).shape
    if len(x) != 4 or node.attrs.get("data_format", "NCHW") != "NCHW":
        raise ModelError(f"only NCHW with 4 axes is supported, got {text(x)}")
    kernel = list(fixed_ints(node.input(1)))
    if node.attrs.get("global_pooling"):
        return [(x[0], x[1], 1, 1)]
    if node.attrs.get("adaptive"):
        return [(x[0], x[1], *kernel)]
    pads = paddings(node, list(x[2:]), kernel)
    ceil_mode, strides = bool(node.attrs.get("ceil_mode")), node.attrs["strides"]
    sizes = [window_count(x[2 + i], kernel[i], strides[i], pads[i], 1, ceil_mode) for i in (0, 1)]
    return [(x[0], x[1], *sizes)]


def interpolate(node: Node) -> list[Shape]:
    x = node.input(0).shape
    if len(x) != 4 or node.attrs.get("data_format", "NCHW") != "NCHW":
        raise ModelError(f"only NCHW with 4 axes is supported, got {text(x)}")
    if any(value is not None for value in node.inputs[1:]):
        return [(x[0], x[1], *_run_time_size(node))]
    scale = list(node.attrs.get("scale") or [])
    sizes: list[Dim] = []
    for i, out in enumerate((node.attrs.get("out_h", -1), node.attrs.get("out_w", -1))):
        size = x[2 + i]
        factor = float(scale[i % len(scale)]) if scale else 0.0
        if factor > 0:
            exact = multiply(size, int(factor)) if factor == int(factor) else None
            if exact is None and isinstance(size, int):
                exact = int(size * factor)
            sizes.append(exact if exact is not None else unknown(node, 2 + i))
        else:
            sizes.append(int(out))
    if any(isinstance(size, int) and size < 1 for size in sizes):
        raise ModelError(f"output size {sizes} is not valid")
    return [(x[0], x[1], *sizes)]


def _run_time_size(node: Node) -> tuple[Dim, Dim]:
    """Height and width from a vector of both, or from one tensor each, where they are known."""
    given = [value for value in (node.optional(1), *node.inputs[3:]) if value is not None]
    sizes = [dim for value in given for dim in known_ints(value) or ()]
    if node.optional(2) is None and len(sizes) == 2:
        return sizes[0], sizes[1]
    return unknown(node, 2), unknown(node, 3)


def reshape(node: Node) -> list[Shape]:
    x = node.input(0).shape
    known = known_ints(node.input(1))
    if known is None:
        return [_unknown_shape(node)]
    target = list(known)
    for axis, dim in enumerate(target):
        if dim == 0:
            target[axis] = x[axis]
    free = [axis for axis, dim in enumerate(target) if dim == -1]
    if len(free) > 1 or any(isinstance(dim, int) and dim < -1 for dim in target):
        raise ModelError(f"target shape {text(tuple(target))} is not valid")
    if free:
        rest = product(tuple(dim for dim in target if dim != -1))
        target[free[0]] = quotient(product(x), rest, node, free[0])
    before, after = product(x), product(tuple(target))
    if isinstance(before, int) and isinstance(after, int) and before != after:
        raise ModelError(f"{text(x)} does not reshape to {text(tuple(target))}")
    return [tuple(target)]


def _unknown_shape(node: Node) -> Shape:
    """As many new symbols as the second operand, a target shape, has elements."""
    rank = node.input(1).shape[0] if len(node.input(1).shape) == 1 else None
    if not isinstance(rank, int):
        raise ModelError("the rank of the result is unknown")
    return tuple(unknown(node, axis) for axis in range(rank))


def quotient(total: Dim, rest: Dim, node: Node, axis: int) -> Dim:
    """total / rest, exact; a new symbol where that cannot be said."""
    if isinstance(rest, int):
        result = divide(total, rest)
        if result is None and isinstance(total, int):
            raise ModelError(f"{total} elements do not divide into rows of {rest}")
        return result if result is not None else unknown(node, axis)
    if isinstance(total, Symbol) and total.name == rest.name and total.factor % rest.factor == 0:
        return total.factor // rest.factor
    return unknown(node, axis)


def transpose(node: Node) -> list[Shape]:
    x, perm = node.input(0).shape, node.attrs["perm"]
    if sorted(perm) != list(range(len(x))):
        raise ModelError(f"permutation {perm} does not fit {text(x)}")
    return [tuple(x[axis] for axis in perm)]


def flatten(node: Node) -> list[Shape]:
    x = node.input(0).shape
    if not x:
        return [(1,)]
    start = axis_of(node.attrs["start_axis"], len(x))
    stop = axis_of(node.attrs["stop_axis"], len(x))
    if stop < start:
        raise ModelError(f"flatten from axis {start} to {stop}")
    return [(*x[:start], product(x[start : stop + 1]), *x[stop + 1 :])]


def concat(node: Node) -> list[Shape]:
    shapes = [value.shape for value in node.inputs[:-1] if value is not None]
    axis = axis_of(fixed_int(node.inputs[-1]), len(shapes[0]))
    total: Dim | None = 0
    for shape in shapes:
        if len(shape) != len(shapes[0]):
            raise ModelError("tensors of different rank are joined")
        for i, (a, b) in enumerate(zip(shape, shapes[0], strict=True)):
            if i != axis and isinstance(a, int) and isinstance(b, int) and a != b:
                raise ModelError(f"{text(shape)} does not join {text(shapes[0])} at axis {axis}")
        size = shape[axis]
        total = total + size if isinstance(total, int) and isinstance(size, int) else None
    if len(shapes) == 1:
        total = shapes[0][axis]
    joined = total if total is not None else unknown(node, axis)
    return [(*shapes[0][:axis], joined, *shapes[0][axis + 1 :])]


def stack(node: Node) -> list[Shape]:
    shape = node.input(0).shape
    axis = axis_of(node.attrs["axis"], len(shape) + 1)
    for value in node.inputs[1:]:
        if value is None or len(value.shape) != len(shape):
            raise ModelError("tensors of different rank are stacked")
    return [(*shape[:axis], len(node.inputs), *shape[axis:])]


def split(node: Node) -> list[Shape]:
    x, sections = node.input(0).shape, node.optional(1)
    axis = axis_of(fixed_int(node.input(2)), len(x))
    if sections is None:
        count = int(node.attrs["num"])
        part = divide(x[axis], count) if count == len(node.outputs) else None
        if part is None:
            raise ModelError(f"axis {axis} of {text(x)} does not split into {count}")
        parts: list[Dim] = [part] * count
    else:
        parts = list(ints(sections))
        if -1 in parts:
            free = parts.index(-1)
            known = [part for part in parts if isinstance(part, int) and part != -1]
            if len(parts) == 1:
                parts[free] = x[axis]
            elif isinstance(total := x[axis], int) and len(known) == len(parts) - 1:
                parts[free] = total - sum(known)
            else:
                parts[free] = unknown(node, axis)
    if len(parts) != len(node.outputs):
        raise ModelError(f"{len(parts)} parts for {len(node.outputs)} outputs")
    if isinstance(x[axis], int) and sum(p for p in parts if isinstance(p, int)) != x[axis]:
        raise ModelError(f"parts {parts} do not add up to axis {axis} of {text(x)}")
    return [(*x[:axis], part, *x[axis + 1 :]) for part in parts]


def slice_(node: Node) -> list[Shape]:
    x = list(node.input(0).shape)
    axes = [axis_of(axis, len(x)) for axis in node.attrs["axes"]]
    starts, ends = known_ints(node.input(1)), known_ints(node.input(2))
    for i, axis in enumerate(axes):
        start = starts[i] if starts is not None else None
        end = ends[i] if ends is not None else None
        x[axis] = slice_length(x[axis], start, end, unknown(node, axis))
    dropped = {axis_of(axis, len(x)) for axis in node.attrs.get("decrease_axis") or []}
    for axis in dropped:
        if isinstance(x[axis], int) and x[axis] != 1:
            raise ModelError(f"axis {axis} of length {x[axis]} cannot be dropped")
    return [tuple(dim for axis, dim in enumerate(x) if axis not in dropped)]


def slice_length(size: Dim, start: Dim | None, end: Dim | None, otherwise: Dim) -> Dim:
    if isinstance(start, int) and isinstance(end, int):
        if isinstance(size, int):
            first, last, _ = slice(start, end).indices(size)
            return max(last - first, 0)
        if start == 0 and end >= 2**31 - 1:
            return size
        if start < 0 and end >= 2**31 - 1:
            return -start
        if 0 <= start < end < 2**31 - 1:
            return end - start
        if start < end < 0:
            return end - start
    if start == 0 and end == size:
        return size
    return otherwise


def squeeze(node: Node) -> list[Shape]:
    x = node.input(0).shape
    axes = {axis_of(axis, len(x)) for axis in fixed_ints(node.input(1))}
    if not axes:
        axes = {axis for axis, dim in enumerate(x) if dim == 1}
    return [tuple(dim for axis, dim in enumerate(x) if axis not in axes or dim != 1)]


def unsqueeze(node: Node) -> list[Shape]:
    x = list(node.input(0).shape)
    for axis in fixed_ints(node.input(1)):
        x.insert(axis_of(axis, len(x) + 1), 1)
    return [tuple(x)]


def expand(node: Node) -> list[Shape]:
    x, target = node.input(0).shape, known_ints(node.input(1))
    if target is None:
        return [_unknown_shape(node)]
    padded = (1,) * (len(target) - len(x)) + x
    wanted = tuple(dim if size == -1 else size for dim, size in zip(padded, target, strict=True))
    return [broadcast(padded, wanted)]


def tile(node: Node) -> list[Shape]:
    x, repeats = node.input(0).shape, ints(node.input(1))
    rank = max(len(x), len(repeats))
    x = (1,) * (rank - len(x)) + x
    repeats = (1,) * (rank - len(repeats)) + repeats
    return [tuple(multiply(a, b) for a, b in zip(x, repeats, strict=True))]


def gather_nd(node: Node) -> list[Shape]:
    x, index = node.input(0).shape, node.input(1).shape
    depth, batch_dims = index[-1], int(node.attrs.get("batch_dims", 0))
    if not isinstance(depth, int) or batch_dims + depth > len(x):
        raise ModelError(f"index {text(index)} does not fit {text(x)}")
    return [(*index[:-1], *x[batch_dims + depth :])]


def topk(node: Node) -> list[Shape]:
    x, k = node.input(0).shape, fixed_int(node.input(1))
    axis = axis_of(node.attrs["axis"], len(x))
    size = x[axis]
    if k < 1 or (isinstance(size, int) and k > size):
        raise ModelError(f"the best {k} of {size} cannot be taken")
    return [(*x[:axis], k, *x[axis + 1 :])] * 2


def arange(node: Node) -> list[Shape]:
    start, end, step = (_number(node.input(i)) for i in range(3))
    if start == 0 and step == 1 and isinstance(end, Symbol):
        return [(end,)]
    if step == 0:
        raise ModelError("a range needs a step other than 0")
    if not (isinstance(start, NUMBER) and isinstance(end, NUMBER) and isinstance(step, NUMBER)):
        return [(unknown(node, 0),)]
    return [(max(int(-(-(end - start) // step)), 0),)]


def linspace(node: Node) -> list[Shape]:
    count = known_ints(node.input(2))
    return [(count[0] if count is not None and len(count) == 1 else unknown(node, 0),)]


NUMBER = (int, float)


def _number(value: Value) -> Dim | float | None:
    known = known_ints(value)
    if known is not None:
        return known[0]
    return float(value.array().reshape(-1)[0]) if value.constant else None


def meshgrid(node: Node) -> list[Shape]:
    sizes = [value.shape[0] if value.shape else 1 for value in node.inputs if value is not None]
    return [tuple(sizes)] * len(node.outputs)


def batch_norm(node: Node) -> list[Shape]:
    """Mean, variance, scale and bias hold one number per channel."""
    x = node.input(0).shape
    if len(x) < 2 or node.attrs.get("data_format", "NCHW") not in ("NCHW", "NCL", "NC"):
        raise ModelError(f"only NCHW is supported, got {text(x)}")
    for position in range(1, 5):
        if node.input(position).shape != (x[1],):
            raise ModelError(f"{node.input(position)} does not fit input {text(x)}")
    return [x]


def layer_norm(node: Node) -> list[Shape]:
    """Scale and bias are vectors over all normalised axes together."""
    x = node.input(0).shape
    size = product(x[axis_of(int(node.attrs["begin_norm_axis"]), len(x)) :])
    for value in (node.optional(1), node.optional(2)):
        if value is not None and value.shape != (size,):
            raise ModelError(f"{value} does not fit input {text(x)}")
    return [x]


def full(node: Node) -> list[Shape]:
    return [tuple(int(dim) for dim in node.attrs["shape"])]


def full_int_array(node: Node) -> list[Shape]:
    return [(len(node.attrs["value"]),)]


def shape_of(node: Node) -> list[Shape]:
    return [(len(node.input(0).shape),)]


def reduce(node: Node) -> list[Shape]:
    x = node.input(0).shape
    given = fixed_ints(node.optional(1)) if node.optional(1) is not None else ()
    axes = {axis_of(axis, len(x)) for axis in given} or set(range(len(x)))
    if node.attrs.get("keepdim"):
        return [tuple(1 if axis in axes else dim for axis, dim in enumerate(x))]
    return [tuple(dim for axis, dim in enumerate(x) if axis not in axes)]


def grid_sample(node: Node) -> list[Shape]:
    x, grid = node.input(0).shape, node.input(1).shape
    if len(x) != 4 or len(grid) != 4 or grid[3] != 2:
        raise ModelError(f"input {text(x)} and grid {text(grid)} are not supported")
    return [(x[0], x[1], grid[1], grid[2])]


def first_only(rule: ShapeRule) -> ShapeRule:
    """For operators whose further outputs (saved statistics) nothing reads."""

    def with_declared_rest(node: Node) -> list[Shape]:
        return rule(node) + [value.shape for value in node.outputs[1:]]

    return with_declared_rest


def _table(names: str, rule: ShapeRule) -> Iterable[tuple[str, ShapeRule]]:
    return ((name, rule) for name in names.split())


SHAPE_RULES: dict[str, ShapeRule] = dict(
    [
        *_table("relu sigmoid silu gelu exp log floor ceil sqrt rsqrt abs hardsigmoid", same),
        *_table("hardswish tanh softmax cast scale clip identity flip logical_not", same),
        ("batch_norm", first_only(batch_norm)),
        ("layer_norm", first_only(layer_norm)),
        ("group_norm", first_only(same)),
        *_table("full_like", same),
        *_table("add subtract multiply divide maximum minimum remainder floor_divide", elementwise),
        *_table("elementwise_pow greater_than greater_equal less_than less_equal", elementwise),
        *_table("equal not_equal logical_and logical_or where add_n", elementwise),
        *_table("max min sum mean any all prod", reduce),
        ("matmul", matmul),
        ("conv2d", conv2d),
        ("conv2d_transpose", conv2d_transpose),
        ("roi_align", roi_align),
        ("pool2d", pool2d),
        ("interpolate", interpolate),
        ("reshape", reshape),
        ("transpose", transpose),
        ("flatten", flatten),
        ("concat", concat),
        ("stack", stack),
        ("split", split),
        ("slice", slice_),
        ("squeeze", squeeze),
        ("unsqueeze", unsqueeze),
        ("expand", expand),
        ("tile", tile),
        ("gather_nd", gather_nd),
        ("topk", topk),
        ("arange", arange),
        ("linspace", linspace),
        ("meshgrid", meshgrid),
        ("full", full),
        ("assign_value", full),
        ("full_int_array", full_int_array),
        ("shape", shape_of),
        ("grid_sample", grid_sample),
    ]
)
