"""The shapes inside an ONNX network, once those of its inputs are known."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper
from onnx.reference import ReferenceEvaluator

from instseg.errors import ModelError

# Values up to this many elements are computed where a shape may hang on them (a position grid, the
# sides of a resize); weights and features have more.
_FOLDED_ELEMENTS = 1024

# Operators that compute shapes and grids of positions.
_FOLDED = frozenset(
    [
        "Add",
        "Cast",
        "Ceil",
        "Concat",
        "Constant",
        "Div",
        "Equal",
        "Expand",
        "Floor",
        "Gather",
        "Greater",
        "Less",
        "Max",
        "Min",
        "Mul",
        "Range",
        "Reshape",
        "Slice",
        "Squeeze",
        "Sub",
        "Transpose",
        "Unsqueeze",
        "Where",
    ]
)

Shape = list[int]
Constants = dict[str, NDArray[np.generic]]


def set_input_shapes(model: onnx.ModelProto, input_shapes: Mapping[str, Sequence[int]]) -> None:
    """Fixes the shapes of the inputs, in place. Raises ModelError where one is missing or wrong."""
    for value in model.graph.input:
        if value.name not in input_shapes:
            raise ModelError(f"the network has an input {value.name!r} whose shape was not given")
        dims = value.type.tensor_type.shape.dim
        shape = input_shapes[value.name]
        if len(dims) != len(shape):
            raise ModelError(f"the input {value.name!r} has {len(dims)} dimensions, not {shape}")
        for dim, side in zip(dims, shape, strict=True):
            dim.dim_value = side


def infer_shapes(model: onnx.ModelProto) -> dict[str, Shape | None]:
    """The shape of every value; None where it is not known whole. Empties the model's weights.

    Shape inference alone stops where a shape is computed by more than the arithmetic it knows.
    There the small values that depend on no pixel are computed, and it goes on from them.
    """
    constants = _split_weights(model)
    while True:
        shapes = _infer_once(model)
        if None not in (shapes.get(name) for node in model.graph.node for name in node.output):
            return shapes
        found = _fold(model, shapes, constants)
        if not found:
            return shapes
        constants.update(found)
        kept = [node for node in model.graph.node if not set(node.output) <= constants.keys()]
        del model.graph.node[:]
        model.graph.node.extend(kept)
        model.graph.initializer.extend(numpy_helper.from_array(v, n) for n, v in found.items())


def _split_weights(model: onnx.ModelProto) -> Constants:
    """Makes inputs of the large weights (inference needs their shapes only); the small ones."""
    kept = []
    for tensor in model.graph.initializer:
        if math.prod(tensor.dims) <= _FOLDED_ELEMENTS:
            kept.append(tensor)
        else:
            model.graph.input.append(
                onnx.helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims)
            )
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return {tensor.name: numpy_helper.to_array(tensor) for tensor in kept}


def _infer_once(model: onnx.ModelProto) -> dict[str, Shape | None]:
    graph = onnx.shape_inference.infer_shapes(model, data_prop=True).graph
    shapes: dict[str, Shape | None] = {t.name: list(t.dims) for t in graph.initializer}
    for value in [*graph.input, *graph.value_info, *graph.output]:
        tensor_type = value.type.tensor_type
        dims = [dim.dim_value if dim.HasField("dim_value") else 0 for dim in tensor_type.shape.dim]
        known = tensor_type.HasField("shape") and all(dims)
        shapes[value.name] = dims if known else None
    return shapes


def _fold(
    model: onnx.ModelProto, shapes: Mapping[str, Shape | None], constants: Constants
) -> Constants:
    """Values, not yet known, of the nodes whose inputs are small constants or a known shape."""
    opsets = {opset.domain: opset.version for opset in model.opset_import}
    found: Constants = {}
    for node in model.graph.node:
        names = [name for name in node.input if name]
        given = {
            name: value for name in names if (value := _known(name, constants, found)) is not None
        }
        if node.op_type == "Shape" and not node.attribute:
            shape = shapes.get(node.input[0])
            if shape is not None:
                found[node.output[0]] = np.array(shape, np.int64)
        elif (
            node.op_type in _FOLDED and len(given) == len(set(names)) and _stays_small(node, given)
        ):
            values = ReferenceEvaluator(node, opsets=opsets).run(None, given)
            if all(np.size(value) <= _FOLDED_ELEMENTS for value in values):
                found.update(zip(node.output, map(np.asarray, values), strict=True))
    return found


def _known(name: str, constants: Constants, found: Constants) -> NDArray[np.generic] | None:
    return constants[name] if name in constants else found.get(name)


def _stays_small(node: onnx.NodeProto, given: Constants) -> bool:
    """Whether the output has few elements, for the operators that make many from few."""
    if node.op_type == "Range":
        start, limit, delta = (given[name] for name in node.input)
        return bool(abs(float(limit) - float(start)) <= abs(float(delta)) * _FOLDED_ELEMENTS)
    if node.op_type == "Expand":
        return bool(np.prod(given[node.input[1]].astype(float)) <= _FOLDED_ELEMENTS)
    return True
