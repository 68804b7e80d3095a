"""Questions that an ONNX graph answers."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from little_graphs import network, numbers

from instseg.errors import ModelError
from instseg.mixed_precision.graph_view import GraphView, without_weights


@pytest.fixture
def model() -> onnx.ModelProto:
    return network(
        [
            ("Conv", "x w", "c"),
            ("Add", "c bias", "b"),
            ("Add", "b c", "sum"),
            ("Shape", "sum", "shape"),
            ("Reshape", "sum shape", "y"),
            ("Add", "y bias", "z"),
        ],
        {"x": ["N", 3, 8, 8]},
        {"y": ["N", 40, 8, 8], "z": ["N", 40, 8, 8]},
        {"w": numbers(40, 3, 3, 3), "bias": numbers(1, 40, 1, 1)},
    )


def test_makers_and_readers(model: onnx.ModelProto) -> None:
    view = GraphView(model)
    assert (view.makers(0), view.readers(0)) == ([], [1, 2])
    assert (view.makers(2), view.readers(2)) == ([1, 0], [3, 4])
    assert view.readers_of("bias") == [1, 5]
    assert view.readers_of("nobody") == []
    assert list(view.of_type("Add", "Conv")) == [0, 1, 2, 5]
    assert view.outputs == ["y", "z"]


def test_floats(model: onnx.ModelProto) -> None:
    view = GraphView(model)
    assert view.activations(1) == ["c"]
    assert [tensor.name for tensor in view.float_constants(1)] == ["bias"]
    assert view.activations(4) == ["sum"]
    assert (view.float_outputs(2), view.float_outputs(3)) == (["sum"], [])
    assert (view.is_float("shape"), view.is_float("")) == (False, False)


def test_a_bias_adds_a_constant_to_a_product(model: onnx.ModelProto) -> None:
    view = GraphView(model)
    assert [index for index in range(6) if view.is_bias(index)] == [1]


def test_weights_are_left_out_but_for_small_ones(model: onnx.ModelProto) -> None:
    light = without_weights(model)
    assert [tensor.name for tensor in light.graph.initializer] == ["bias"]
    assert {value.name for value in light.graph.input} == {"x", "w"}
    assert len(model.graph.initializer) == 2
    onnx.checker.check_model(light, full_check=True)


def test_a_type_that_cannot_be_inferred(model: onnx.ModelProto) -> None:
    model.graph.node[1].op_type = "Unheard"
    model.graph.node[1].domain = "elsewhere"
    model.opset_import.append(onnx.helper.make_opsetid("elsewhere", 1))
    with pytest.raises(ModelError, match=r"the type of 'b', made by Unheard 'b', cannot"):
        GraphView(model)


def test_constants_of_other_types_are_no_float_constants() -> None:
    model = network(
        [("Reshape", "x s", "y")], {"x": [2, 2]}, {"y": [4]}, {"s": np.array([4], np.int64)}
    )
    assert GraphView(model).float_constants(0) == []
