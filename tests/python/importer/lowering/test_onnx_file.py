"""The ONNX file: names, outputs of every kind, and what the checker sees."""

from __future__ import annotations

import hashlib
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
import pytest
from interpret import graph_of
from pir_builder import PirProgram
from run_network import run_onnx

from instseg.errors import ModelError
from instseg.importer.ir.graph import Graph, Node, Value
from instseg.importer.lowering import onnx_file
from instseg.importer.lowering.onnx_file import write_onnx

Array = npt.NDArray[Any]
X = np.random.default_rng(1).normal(size=(2, 3)).astype(np.float32)
F32 = np.dtype(np.float32)


def test_size_and_hash_are_those_of_the_file(tmp_path: Path) -> None:
    p = PirProgram()
    w = p.parameter("w", np.ones((3, 500), np.float32))
    p.fetch(p.op("matmul", [p.data("x", [2, 3]), w]))
    parts: list[float] = []
    path = tmp_path / "network.onnx"
    written = write_onnx(graph_of(p, tmp_path), path, progress=parts.append)
    content = path.read_bytes()
    assert written.size_bytes == len(content)
    assert written.sha256 == hashlib.sha256(content).hexdigest()
    assert parts == [1.0]
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path))
    assert [i.version for i in model.opset_import] == [17]
    [weight] = model.graph.initializer
    np.testing.assert_array_equal(onnx.numpy_helper.to_array(weight), np.ones((3, 500)))


def test_inputs_constants_and_repeated_values_may_be_outputs(tmp_path: Path) -> None:
    x, y = Value("x", F32, (2, 3)), Value("y", F32, (2, 3))
    constant = Value("c", F32, (2,), data=np.array([1, 2], np.float32))
    outputs = {"same": x, "constant": constant, "a": y, "b": y}
    graph = Graph([x], outputs, [Node("exp", [x], [y])])
    write_onnx(graph, tmp_path / "network.onnx")
    found = run_onnx(tmp_path / "network.onnx", {"x": X})
    np.testing.assert_array_equal(found["same"], X)
    np.testing.assert_array_equal(found["constant"], [1, 2])
    np.testing.assert_allclose(found["a"], np.exp(X), rtol=1e-6)
    np.testing.assert_array_equal(found["a"], found["b"])


def test_names_that_clash_are_told_apart(tmp_path: Path) -> None:
    """Including one that looks like a name that was made unique."""
    x = Value("x", F32, (2, 3))
    values = [Value(name, F32, (2, 3)) for name in ("v", "v", "v~1", "v", "", "x")]
    nodes = []
    for before, after in zip([x, *values], values, strict=False):
        nodes.append(Node("relu", [before], [after]))
    write_onnx(Graph([x], {"out": values[-1]}, nodes), tmp_path / "network.onnx")
    model = onnx.load(str(tmp_path / "network.onnx"))
    names = [name for node in model.graph.node for name in node.output]
    assert len(set(names)) == len(names) == 6
    np.testing.assert_array_equal(
        run_onnx(tmp_path / "network.onnx", {"x": X})["out"], np.maximum(X, 0)
    )


def test_open_sizes_have_names(tmp_path: Path) -> None:
    p = PirProgram()
    x = p.data("x", [-1, 3])
    p.fetch(p.op("flatten", [x], attrs={"start_axis": 0, "stop_axis": 1}))
    write_onnx(graph_of(p, tmp_path), tmp_path / "network.onnx")
    model = onnx.load(str(tmp_path / "network.onnx"))
    [given], [out] = model.graph.input, model.graph.output
    assert given.type.tensor_type.shape.dim[0].dim_param == "N"
    assert out.type.tensor_type.shape.dim[0].dim_param == "3*N"


def test_what_the_checker_rejects_is_a_model_error(tmp_path: Path) -> None:
    x, y = Value("x", F32, (2, 3)), Value("y", F32, (9, 9))
    graph = Graph([x], {"out": y}, [Node("relu", [x], [y])])
    with pytest.raises(ModelError, match=r"the ONNX checker rejects network\.onnx"):
        write_onnx(graph, tmp_path / "network.onnx")
    assert not (tmp_path / "network.onnx").exists()


def test_type_that_onnx_has_no_place_for(tmp_path: Path) -> None:
    void = np.dtype(np.void)
    x, y = Value("x", void, (2,)), Value("y", void, (2,))
    with pytest.raises(ModelError, match="have no place in a network"):
        write_onnx(Graph([x], {"out": y}, [Node("relu", [x], [y])]), tmp_path / "network.onnx")


def test_file_beyond_two_gigabytes_is_refused_before_it_is_written(tmp_path: Path) -> None:
    """Six views of one parameter of 400 MB, of which only one number is in memory."""
    large = np.broadcast_to(np.float32(1), (100_000_000,))
    weights = [Value(f"w{n}", F32, large.shape, data=large) for n in range(6)]
    sums = [Value(f"s{n}", F32, large.shape) for n in range(5)]
    nodes, total = [], weights[0]
    for weight, result in zip(weights[1:], sums, strict=True):
        nodes.append(Node("add", [total, weight], [result]))
        total = result
    with pytest.raises(ModelError, match="does not fit an ONNX file"):
        write_onnx(Graph([], {"out": total}, nodes), tmp_path / "network.onnx")
    assert not (tmp_path / "network.onnx").exists()


def test_many_equal_names_are_told_apart_in_linear_time() -> None:
    builder, began = onnx_file.OnnxBuilder(), time.process_time()
    names = {builder._unique("axes") for _ in range(50_000)}
    assert len(names) == 50_000
    assert time.process_time() - began < 10  # far below a second
