"""Shapes inside a network, against those that ONNX Runtime's outputs have."""

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from instseg.errors import ModelError
from instseg.network_shapes import infer_shapes, set_input_shapes


def grid_network() -> onnx.ModelProto:
    """A grid of positions of the image's own size, as SOLOv2 appends it, then a convolution."""
    node = helper.make_node
    nodes = [
        node("Shape", ["image"], ["sides"]),
        node("Gather", ["sides", "two"], ["height"]),
        node("Gather", ["sides", "three"], ["width"]),
        node("Range", ["zero", "height", "one"], ["y"]),
        node("Range", ["zero", "width", "one"], ["x"]),
        node("Unsqueeze", ["y", "axis"], ["column"]),
        node("Shape", ["y"], ["rows"]),
        node("Shape", ["x"], ["columns"]),
        node("Concat", ["rows", "columns"], ["size"], axis=0),
        node("Expand", ["x", "size"], ["xs"]),
        node("Expand", ["column", "size"], ["ys"]),
        node("Add", ["xs", "ys"], ["sums"]),
        node("Cast", ["sums"], ["grid"], to=TensorProto.FLOAT),
        node("Mul", ["grid", "image"], ["weighted"]),
        node("Conv", ["weighted", "kernel"], ["out"], strides=[2, 2]),
    ]
    constants = {
        "zero": np.int64(0),
        "one": np.int64(1),
        "two": np.int64(2),
        "three": np.int64(3),
        "axis": np.array([1], np.int64),
        "kernel": np.zeros((5, 3, 30, 30), np.float32),  # large: a weight
    }
    graph = helper.make_graph(
        nodes,
        "grid",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    return model


@pytest.mark.parametrize("shape", [[1, 3, 40, 33], [2, 3, 30, 64], [1, 3, 80, 70]])
def test_shapes_that_hang_on_a_computed_grid(shape: list[int]) -> None:
    model = grid_network()
    names = [output for node in model.graph.node for output in node.output]
    running = grid_network()
    del running.graph.output[:]
    running.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    session = onnxruntime.InferenceSession(running.SerializeToString())
    expected = session.run(names, {"image": np.zeros(shape, np.float32)})
    set_input_shapes(model, {"image": shape})
    shapes = infer_shapes(model)
    assert {name: shapes[name] for name in names} == {
        name: list(value.shape) for name, value in zip(names, expected, strict=True)
    }


@pytest.mark.parametrize("operator", ["Range", "Expand"])
def test_a_small_file_cannot_make_large_arrays(operator: str) -> None:
    inputs = ["zero", "huge", "one"] if operator == "Range" else ["zero", "sides"]
    nodes = [
        helper.make_node(operator, inputs, ["many"]),
        helper.make_node("NonZero", ["image"], ["unknown"]),
    ]
    constants = {
        "zero": np.int64(0),
        "one": np.int64(1),
        "huge": np.int64(10**15),
        "sides": np.array([10**8, 10**7], np.int64),
    }
    graph = helper.make_graph(
        nodes,
        "huge",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 3])],
        [helper.make_tensor_value_info("many", TensorProto.INT64, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    assert infer_shapes(model)["unknown"] is None  # and it ends, in little memory


def test_input_shapes_must_fit() -> None:
    with pytest.raises(ModelError, match="whose shape was not given"):
        set_input_shapes(grid_network(), {})
    with pytest.raises(ModelError, match="has 4 dimensions"):
        set_input_shapes(grid_network(), {"image": [1, 3]})
