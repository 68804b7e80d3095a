"""Strong types: who reads and makes what, where the casts stand, which constants are kept."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from half_rounding import FLOAT, HALF, element_types
from little_graphs import Line, network, numbers

from instseg.mixed_precision.casts import insert_casts
from instseg.mixed_precision.graph_view import GraphView
from instseg.mixed_precision.layer_parts import operators
from instseg.mixed_precision.precisions import decide
from instseg.mixed_precision.table import Row

SOFTMAX = Row("softmax", operators("Softmax"), "why")


def cast(model: onnx.ModelProto) -> tuple[onnx.ModelProto, int]:
    """The model with casts (Softmax stays FP32), and their number. It passes the full checker."""
    mixed = onnx.ModelProto()
    mixed.CopyFrom(model)
    view = GraphView(mixed)
    count = insert_casts(mixed, view, decide(view, (SOFTMAX,)))
    onnx.checker.check_model(mixed, full_check=True)
    assert count == sum(n.op_type == "Cast" for n in mixed.graph.node) - sum(
        n.op_type == "Cast" for n in model.graph.node
    )
    return mixed, count


def chain(
    *lines: Line, outputs: tuple[str, ...] = ("y",), **constants: np.ndarray
) -> onnx.ModelProto:
    shapes = {name: [2, 4, 8, 8] for name in outputs}
    return network([*lines], {"x": [2, 4, 8, 8]}, shapes, {"w": numbers(4, 4, 1, 1), **constants})


def operators_of(model: onnx.ModelProto) -> list[str]:
    return [node.op_type for node in model.graph.node]


def test_inputs_and_outputs_stay_as_they_are() -> None:
    model = chain(("Conv", "x w", "c"), ("Relu", "c", "y"))
    mixed, count = cast(model)
    assert (mixed.graph.input, mixed.graph.output) == (model.graph.input, model.graph.output)
    assert operators_of(mixed) == ["Cast", "Conv", "Relu", "Cast"]
    assert count == 2
    assert mixed.graph.node[-1].output == ["y"]


def test_a_tensor_is_cast_once_right_behind_its_maker() -> None:
    mixed, count = cast(
        chain(
            ("Conv", "x w", "c"),
            ("Softmax", "c", "s"),
            ("Relu", "c", "r"),
            ("Softmax", "c", "t"),
            ("Conv", "s w", "d"),
            ("Conv", "s w", "e"),
            ("Add", "d e", "f"),
            ("Add", "f t", "g"),
            ("Add", "g r", "y"),
        )
    )
    assert operators_of(mixed)[:6] == ["Cast", "Conv", "Cast", "Softmax", "Cast", "Relu"]
    assert count == 5  # x, c, s, t, y


def test_an_output_in_half_that_others_read_too() -> None:
    """Half readers get what was computed, FP32 readers the output itself."""
    mixed, count = cast(
        chain(
            ("Conv", "x w", "y"),
            ("Relu", "y", "r"),
            ("Softmax", "y", "z"),
            ("Conv", "r w", "v"),
            outputs=("y", "z", "v"),
        )
    )
    by_output = {node.output[0]: node for node in mixed.graph.node}
    assert by_output["y"].op_type == "Cast"
    computed = by_output["y"].input[0]
    assert by_output["r"].input == [computed]
    assert by_output["z"].input == ["y"]
    assert element_types(mixed)[computed] == HALF
    assert count == 3


def test_constants_of_one_type_and_of_both() -> None:
    shared = numbers(8)
    mixed, _ = cast(
        chain(
            ("Conv", "x w", "c"),
            ("Add", "c shared", "h"),
            ("Softmax", "h", "s"),
            ("Add", "s shared", "f"),
            ("Conv", "f w", "y"),
            shared=shared,
        )
    )
    constants = {t.name: onnx.numpy_helper.to_array(t) for t in mixed.graph.initializer}
    assert {name: a.dtype.name for name, a in constants.items()} == {
        "w:half": "float16",
        "shared": "float32",
        "shared:half": "float16",
    }
    np.testing.assert_array_equal(constants["shared"], shared)
    np.testing.assert_array_equal(constants["shared:half"], shared.astype(np.float16))
    np.testing.assert_array_equal(
        constants["w:half"], numbers(4, 4, 1, 1).astype(np.float16)
    )  # to nearest, ties to even


def test_what_onnx_wants_in_float32_stays_so() -> None:
    model = chain(
        ("Conv", "x w", "c"),
        ("Resize", "c - scales", "r", {"mode": "nearest"}),
        ("Resize", "r - halves", "y", {"mode": "nearest"}),
        scales=np.array([1, 1, 2, 2], np.float32),
        halves=np.array([1, 1, 0.5, 0.5], np.float32),
    )
    mixed, _ = cast(model)
    types = element_types(mixed)
    assert types["scales"] == types["halves"] == FLOAT
    assert types["c"] == types["r"] == HALF


def test_sizes_are_read_without_a_cast() -> None:
    mixed, count = cast(
        chain(("Conv", "x w", "c"), ("Shape", "c", "shape"), ("Reshape", "c shape", "y"))
    )
    assert count == 2
    assert "Cast" not in operators_of(mixed)[1:-1]


def test_truth_values_become_numbers_in_fp32() -> None:
    mixed, _ = cast(
        chain(
            ("Conv", "x w", "c"),
            ("Greater", "c limit", "large"),
            ("Cast", "large", "mask", {"to": 1}),
            ("Mul", "c mask", "y"),
            limit=np.array(0.25, np.float32),
        )
    )
    types = element_types(mixed)
    assert types["mask"] == FLOAT
    assert types["limit:half"] == HALF


def test_names_that_are_taken_are_left_alone() -> None:
    model = chain(("Conv", "x w", "w:half"), ("Relu", "w:half", "y:half"), ("Abs", "y:half", "y"))
    mixed, _ = cast(model)
    made = [name for node in mixed.graph.node for name in node.output]
    made += [tensor.name for tensor in mixed.graph.initializer]
    assert len(made) == len(set(made))


def test_types_noted_in_the_file_do_not_stay_wrong() -> None:
    model = chain(("Conv", "x w", "c"), ("Relu", "c", "y"))
    noted = onnx.shape_inference.infer_shapes(model)
    assert len(noted.graph.value_info) == 1
    mixed, _ = cast(noted)
    assert len(mixed.graph.value_info) == 0


def test_two_types_at_one_node_would_be_found() -> None:
    """The checker on which the tests above, and the product, rely."""
    mixed, _ = cast(chain(("Conv", "x w", "c"), ("Relu", "c", "y")))
    mixed.graph.node[1].input[0] = "x"
    with pytest.raises(Exception, match=r"[Tt]ype"):
        onnx.checker.check_model(mixed, full_check=True)
