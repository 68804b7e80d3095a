"""Operators, parameters and operations of networks whose costs are known by hand."""

from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from instseg.errors import ModelError
from instseg.network_cost import network_cost


def write(path: Path, nodes: list[onnx.NodeProto], weights: dict[str, np.ndarray]) -> Path:
    graph = helper.make_graph(
        nodes,
        "costs",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["N", 3, "H", "W"])],
        [helper.make_tensor_value_info("out", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(value, name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    path.write_bytes(model.SerializeToString())
    return path


def test_convolutions_and_products(tmp_path: Path) -> None:
    weights = {
        "w": np.zeros((8, 3, 3, 3), np.float32),
        "grouped": np.zeros((8, 2, 1, 1), np.float32),
        "up": np.zeros((8, 5, 2, 2), np.float32),
        "to": np.array([0, 5, -1], np.int64),
        "m": np.zeros((144 * 4, 7), np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["a"], strides=[2, 2], pads=[1, 1, 1, 1]),
        helper.make_node("Conv", ["a", "grouped"], ["b"], group=4),
        helper.make_node("ConvTranspose", ["b", "up"], ["c"], strides=[2, 2]),
        helper.make_node("Reshape", ["c", "to"], ["d"]),
        helper.make_node("MatMul", ["d", "m"], ["out"]),
    ]
    cost = network_cost(write(tmp_path / "n.onnx", nodes, weights), {"image": [1, 3, 24, 24]})
    conv = 2 * (8 * 12 * 12) * (3 * 3 * 3)
    grouped = 2 * (8 * 12 * 12) * 2
    up = 2 * (8 * 12 * 12) * (5 * 2 * 2)
    product = 2 * 5 * 7 * 576
    assert cost.flops == conv + grouped + up + product
    assert cost.parameters == 8 * 27 + 8 * 2 + 8 * 20 + 576 * 7
    assert cost.parameter_bytes == 4 * cost.parameters
    assert cost.operators == {"Conv": 2, "ConvTranspose": 1, "Reshape": 1, "MatMul": 1}


def test_unknown_sizes_are_not_guessed(tmp_path: Path) -> None:
    nodes = [
        helper.make_node("NonZero", ["image"], ["found"]),
        helper.make_node("Cast", ["found"], ["rows"], to=TensorProto.FLOAT),
        helper.make_node("MatMul", ["left", "rows"], ["out"]),
    ]
    file = write(tmp_path / "n.onnx", nodes, {"left": np.zeros((2, 4), np.float32)})
    assert network_cost(file, {"image": [1, 3, 8, 8]}).flops is None


def test_what_is_no_network_is_a_model_error(tmp_path: Path) -> None:
    (tmp_path / "n.onnx").write_bytes(b"not a network")
    with pytest.raises(ModelError, match=r"n\.onnx cannot be read as ONNX"):
        network_cost(tmp_path / "n.onnx", {})
    nodes = [helper.make_node("Relu", ["image"], ["out"])]
    file = write(tmp_path / "m.onnx", nodes, {})
    with pytest.raises(ModelError, match="whose shape was not given"):
        network_cost(file, {})
    with pytest.raises(ModelError, match="has 4 dimensions"):
        network_cost(file, {"image": [1, 3]})
