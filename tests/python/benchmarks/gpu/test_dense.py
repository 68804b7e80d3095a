"""Dense tensors of two engines, and networks cut before they select."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from harness.gpu.dense import (
    compare_networks,
    keep_outputs,
    largest_differences,
    selection_free_folder,
    selection_inputs,
)
from onnx import TensorProto, helper
from onnx.reference import ReferenceEvaluator

from instseg import _core


def selecting_network() -> onnx.ModelProto:
    """image [1, 2, 8] -> features = 2 * image; TopK of its first row selects from its second."""
    node = helper.make_node
    nodes = [
        node("Mul", ["image", "two"], ["features"]),
        node("Add", ["two", "two"], ["no_pixel"]),
        node("Gather", ["features", "zero"], ["scores"], axis=1),
        node("Gather", ["features", "one"], ["values"], axis=1),
        node("TopK", ["scores", "count"], ["best", "places"], axis=1),
        node("GatherElements", ["values", "places"], ["picked"], axis=1),
        node("Mul", ["picked", "no_pixel"], ["out"]),
        node("Neg", ["features"], ["aside"]),
    ]
    constants = [
        onnx.numpy_helper.from_array(np.asarray(value), name)
        for name, value in (
            ("two", np.float32(2)),
            ("zero", np.int64(0)),
            ("one", np.int64(1)),
            ("count", np.array([3], np.int64)),
        )
    ]
    graph = helper.make_graph(
        nodes,
        "selecting",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 2, 8])],
        [
            helper.make_tensor_value_info("out", TensorProto.FLOAT, [1, 3]),
            helper.make_tensor_value_info("aside", TensorProto.FLOAT, [1, 2, 8]),
        ],
        constants,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return model


def test_a_network_is_cut_before_it_selects() -> None:
    model = selecting_network()
    outputs = selection_inputs(model)
    # What enters the part behind the selection, and the output beside it; "no_pixel" is a constant.
    assert outputs == {"scores": 2, "values": 2, "aside": 3}
    image = np.random.default_rng(0).normal(size=(1, 2, 8)).astype(np.float32)
    keep_outputs(model, outputs)
    onnx.checker.check_model(model)
    assert "TopK" not in {node.op_type for node in model.graph.node}
    scores, values, aside = ReferenceEvaluator(model).run(None, {"image": image})
    np.testing.assert_array_equal(scores, 2 * image[:, 0])
    np.testing.assert_array_equal(values, 2 * image[:, 1])
    np.testing.assert_array_equal(aside, -2 * image)


def test_a_network_that_selects_nothing_stays(tiny_model: Path, tmp_path: Path) -> None:
    assert selection_inputs(onnx.load(tiny_model / "network.onnx")) is None
    assert selection_free_folder(tiny_model, tmp_path / "cut") == tiny_model


def test_a_cut_folder_can_be_run(tiny_official: Path, tmp_path: Path) -> None:
    from instseg.importer import cached_network_folder

    folder = cached_network_folder(tiny_official, tmp_path / "cache")
    manifest = json.loads((folder / "instseg.json").read_text(encoding="utf-8"))
    model = onnx.load(folder / "network.onnx")
    if not any(node.op_type == "TopK" for node in model.graph.node):
        model.graph.node.append(
            helper.make_node("TopK", [model.graph.output[0].name, "k"], ["v", "i"], axis=1)
        )
        model.graph.initializer.append(onnx.numpy_helper.from_array(np.array([1], np.int64), "k"))
        (folder / "network.onnx").write_bytes(model.SerializeToString())
    cut = selection_free_folder(folder, tmp_path / "cut")
    assert cut == tmp_path / "cut"
    runner = _core.NetworkRunner(str(cut), engine="openvino", num_threads=1)
    assert runner.roles() == ["main"]
    shape = [side if side > 0 else 1 for side in manifest["networks"][0]["inputs"][0]["shape"]]
    outputs = runner.run("main", [np.full(shape, 0.25, np.float32)])
    written = json.loads((cut / "instseg.json").read_text(encoding="utf-8"))
    assert set(outputs) == {entry["meaning"] for entry in written["networks"][0]["outputs"]}
    assert all(np.isfinite(values).all() for values in outputs.values())


def test_differences_are_parts_of_the_largest_value() -> None:
    reference = {"a": np.array([1, -4], np.float32), "b": np.zeros(2, np.float32)}
    actual = {"a": np.array([1.5, -4], np.float32), "b": np.zeros(2, np.float32)}
    assert largest_differences(reference, actual) == {"a": 0.125, "b": 0.0}


@pytest.mark.parametrize(
    "given", [None, np.zeros(3, np.float32), np.array([1, np.nan], np.float32)]
)
def test_what_cannot_be_compared_is_infinitely_far(given: Any) -> None:
    actual = {} if given is None else {"a": given}
    assert largest_differences({"a": np.ones(2, np.float32)}, actual) == {"a": float("inf")}


def test_an_engine_equals_itself(tiny_model: Path) -> None:
    manifest = json.loads((tiny_model / "instseg.json").read_text(encoding="utf-8"))
    runner = _core.NetworkRunner(str(tiny_model), engine="openvino", num_threads=1)
    image = np.random.default_rng(1).random((3, 64, 64), np.float32)
    found = compare_networks(manifest, image, (64, 64), runner.run, runner.run)
    assert found == {
        f"main: {meaning}": 0.0
        for meaning in ("boxes_cxcywh", "class_logits", "mask_coefficients", "mask_prototypes")
    }
