"""Which nodes become half, which stay FP32, and why."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from little_graphs import Line, network, numbers

from instseg.mixed_precision.graph_view import GraphView
from instseg.mixed_precision.layer_parts import operators
from instseg.mixed_precision.precisions import (
    BEYOND_RANGE,
    HALF_LEAST_NORMAL,
    HALF_MAX,
    OTHER_OPERATOR,
    decide,
    fits_half,
)
from instseg.mixed_precision.table import Row


def decided(model: onnx.ModelProto, *rows: Row) -> tuple[set[str], dict[str, str]]:
    """First outputs of the nodes in half; of those in FP32, with their reason."""
    view = GraphView(model)
    precisions = decide(view, rows)
    return (
        {view.nodes[index].output[0] for index in precisions.half},
        {view.nodes[index].output[0]: reason for index, reason in precisions.reasons.items()},
    )


def chain(*lines: Line, **constants: np.ndarray) -> onnx.ModelProto:
    return network(
        [*lines], {"x": [2, 4, 8, 8]}, {"y": [2, 4, 8, 8]}, {"w": numbers(4, 4, 1, 1), **constants}
    )


def test_products_and_what_follows_them_are_half() -> None:
    half, fp32 = decided(chain(("Conv", "x w", "c"), ("Relu", "c", "r"), ("Add", "r c", "y")))
    assert half == {"c", "r", "y"}
    assert fp32 == {}


def test_the_first_row_that_finds_a_node_is_its_reason() -> None:
    model = chain(("Conv", "x w", "c"), ("Softmax", "c", "y"))
    rows = [Row(name, operators("Softmax"), "why") for name in ("first", "second")]
    assert decided(model, *rows) == ({"c"}, {"y": "first"})


def test_element_wise_nodes_follow_their_inputs() -> None:
    """`kept` reads FP32 only; `mixed` reads both, so it is half; a cast of the input is half."""
    model = chain(
        ("Relu", "x", "r"),
        ("Conv", "r w", "c"),
        ("Softmax", "c", "s"),
        ("Relu", "s", "kept"),
        ("Mul", "kept c", "mixed"),
        ("Conv", "mixed w", "y"),
    )
    half, fp32 = decided(model, Row("softmax", operators("Softmax"), "why"))
    assert half == {"r", "c", "mixed", "y"}
    assert fp32 == {"s": "softmax", "kept": ""}


def test_an_operator_without_a_rule_stays_fp32() -> None:
    half, fp32 = decided(chain(("Conv", "x w", "c"), ("Softplus", "c", "y")))
    assert half == {"c"}
    assert fp32 == {"y": OTHER_OPERATOR}


@pytest.mark.parametrize("number", [1e5, -7e4, 1e-5, np.inf])
def test_constants_beyond_the_range_keep_their_node_in_fp32(number: float) -> None:
    model = chain(("Conv", "x w", "c"), ("Mul", "c n", "y"), n=np.array(number, np.float32))
    assert decided(model) == ({"c"}, {"y": BEYOND_RANGE})


def test_sizes_and_whole_numbers_are_in_neither() -> None:
    model = chain(
        ("Conv", "x w", "c"),
        ("Shape", "c", "shape"),
        ("Mul", "shape one", "same"),
        ("Reshape", "c same", "y"),
        one=np.array([1], np.int64),
    )
    assert decided(model) == ({"c", "y"}, {})


def test_the_limits_of_half_precision() -> None:
    def fits(*values: float) -> bool:
        array = np.array(values if len(values) != 1 else values[0], np.float32)
        return fits_half(onnx.numpy_helper.from_array(array, "n"))

    half = np.finfo(np.float16)
    assert float(half.max) == HALF_MAX
    assert float(half.smallest_normal) == HALF_LEAST_NORMAL
    assert fits(HALF_MAX)
    assert not fits(HALF_MAX + 64)
    assert fits(HALF_LEAST_NORMAL)
    assert not fits(HALF_LEAST_NORMAL / 2)
    assert fits(0.0)
    assert fits(1.0, HALF_LEAST_NORMAL / 2)  # one small weight among others
    assert not fits(1.0, np.nan)
    assert fits_half(onnx.numpy_helper.from_array(np.zeros((0, 3), np.float32), "empty"))
