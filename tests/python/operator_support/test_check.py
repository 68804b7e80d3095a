"""Every limit of the table is found where a network is beyond it; `tests/e2e` checks the models."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from little_graphs import Line, network, numbers

from instseg.errors import InvalidArgument, ModelError
from instseg.importer.lowering import elementwise, layout, neural, table
from instseg.operator_support import VERSIONS, unsupported
from instseg.operator_support.tensorrt import OPERATORS

INT = np.int64


def faults(*lines: Line, version: str = "10", **constants: np.ndarray) -> list[str]:
    model = network([*lines], {"x": [2, 4, 8, 8]}, {}, constants)
    return unsupported(model, version)


RESIZE = {"coordinate_transformation_mode": "half_pixel", "mode": "linear"}
SCALES = {"s": np.array([1, 1, 2, 2], np.float32)}
GOOD: list[tuple[Line, dict[str, np.ndarray]]] = [
    (("Conv", "x w", "y"), {"w": numbers(4, 4, 1, 1)}),
    (("TopK", "x k", "v i"), {"k": np.array([3839], INT)}),
    (("Resize", "x - s", "y", RESIZE), SCALES),
    (("Slice", "x a b c", "y"), {n: np.array([1], INT) for n in "abc"}),
    (("Slice", "x a b", "y"), {n: np.array([1], INT) for n in "ab"}),
    (("LayerNormalization", "x w", "y"), {"w": numbers(8)}),
    (("MaxPool", "x", "y", {"kernel_shape": [2, 2], "dilations": [1, 1]}), {}),
    (("ReduceSum", "x a", "y"), {"a": np.array([1], INT)}),
    (("ReduceMax", "x", "y", {"axes": [1]}), {}),
    (("GridSample", "x g", "y"), {"g": numbers(2, 3, 3, 2)}),
]
BEYOND: list[tuple[str, Line, dict[str, np.ndarray]]] = [
    ("K is 3840, above 3839", ("TopK", "x k", "v i"), {"k": np.array([3840], INT)}),
    ("not sorted", ("TopK", "x k", "v i", {"sorted": 0}), {"k": np.array([1], INT)}),
    ("mode 'cubic'", ("Resize", "x - s", "y", {**RESIZE, "mode": "cubic"}), SCALES),
    (
        "coordinate_transformation_mode 'tf_crop_and_resize'",
        ("Resize", "x - s", "y", {"coordinate_transformation_mode": "tf_crop_and_resize"}),
        SCALES,
    ),
    ("mean or deviation", ("LayerNormalization", "x w", "y m d"), {"w": numbers(8)}),
    ("dilations [2, 2]", ("MaxPool", "x", "y", {"kernel_shape": [2, 2], "dilations": [2, 2]}), {}),
    ("output of indices", ("MaxPool", "x", "y i", {"kernel_shape": [2, 2]}), {}),
    ("over 1 sides", ("AveragePool", "x", "y", {"kernel_shape": [2]}), {}),
    ("operator Einsum is not", ("Einsum", "x x", "y", {"equation": "nchw,nchw->nchw"}), {}),
    ("Sigmoid 'y': type 11", ("Sigmoid", "d", "y"), {"d": np.zeros(3)}),
    ("Erf 'y': INT64, not one of FP32, FP16", ("Erf", "n", "y"), {"n": np.zeros(3, INT)}),
]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("line", "constants"), GOOD)
def test_what_is_documented(version: str, line: Line, constants: dict[str, np.ndarray]) -> None:
    assert faults(line, version=version, **constants) == []


@pytest.mark.parametrize(("fault", "line", "constants"), BEYOND)
def test_what_is_beyond_a_limit(fault: str, line: Line, constants: dict[str, np.ndarray]) -> None:
    [found] = faults(line, **constants)
    assert fault in found


def test_axes_that_are_computed() -> None:
    shape: Line = ("Shape", "x", "axes")
    start: Line = ("Slice", "x a b axes", "y")
    constants = {name: np.array([1], INT) for name in "ab"}
    assert faults(shape, start, **constants) == ["Slice 'y': axes that are computed"]
    for op_type in ("ReduceSum", "Squeeze", "Unsqueeze"):
        assert faults(shape, (op_type, "x axes", "y")) == [f"{op_type} 'y': axes that are computed"]


def test_sampling_of_volumes() -> None:
    model = network(
        [("Unsqueeze", "x a", "v"), ("GridSample", "v g", "y")],
        {"x": [2, 4, 8, 8]},
        {},
        {"a": np.array([2], INT), "g": numbers(2, 3, 3, 3, 3)},
    )
    assert "GridSample 'y': an input of 5 axes, not 4" in unsupported(model, "11")


def test_whole_numbers_of_64_bits_are_32_in_8_6() -> None:
    """8.6 casts them down; ReduceMax takes no whole numbers there at all."""
    constants = {"n": np.zeros(3, INT)}
    assert faults(("Add", "n n", "y"), version="8.6", **constants) == []
    reduce: Line = ("ReduceMax", "n", "y", {"axes": [0]})
    assert faults(reduce, version="10", **constants) == []
    assert faults(reduce, version="8.6", **constants) == [
        "ReduceMax 'y': INT32, not one of FP32, FP16"
    ]


@pytest.mark.parametrize(
    ("opset", "versions"), [(17, 3), (18, 2), (20, 2), (21, 1), (25, 1), (26, 0)]
)
def test_opsets(opset: int, versions: int) -> None:
    model = network([("Relu", "x", "y")], {"x": [1]}, {})
    model.opset_import[0].version = opset
    assert sum(unsupported(model, version) == [] for version in VERSIONS) == versions


def test_operators_of_other_domains() -> None:
    model = network([("Relu", "x", "y")], {"x": [1]}, {})
    model.graph.node[0].domain = "com.microsoft"
    model.opset_import.append(onnx.helper.make_opsetid("com.microsoft", 1))
    found = unsupported(model, "11")
    assert len(found) == 2
    assert "domain 'com.microsoft'" in found[0]


def test_wrong_arguments(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"'9\.0', only for 8\.6, 10, 11"):
        unsupported(tmp_path / "network.onnx", "9.0")
    with pytest.raises(ModelError, match="cannot be read as ONNX"):
        unsupported(tmp_path / "network.onnx", "10")


def test_every_operator_that_the_importer_writes_has_a_row() -> None:
    """Names of operators in the sources of the lowering, as they stand there."""
    written: set[str] = set()
    for module in (elementwise, layout, neural, table):
        source = Path(str(module.__file__)).read_text()
        written.update(re.findall(r"""["']([A-Z][A-Za-z]+)["']""", source))
    known: Any = {schema.name for schema in onnx.defs.get_all_schemas()}
    assert written & known <= OPERATORS.keys()
    assert len(written & known) > 40
