"""The workers: what they decide without their libraries, and bare OpenVINO on a tiny network."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from harness.worker_process import WorkerError, WorkerProcess
from onnx import TensorProto, helper
from openvino_worker import photo_tensor
from paddlex_worker import engine_configs
from PIL import Image


def test_default_mode_leaves_the_choice_to_paddlex() -> None:
    assert list(engine_configs("default", 4)) == [{"cpu_threads": 4}]


def test_forced_onednn_falls_back_to_the_old_ir() -> None:
    new, old = engine_configs("onednn", 4)
    assert new == {"cpu_threads": 4, "run_mode": "mkldnn"}
    assert old == {**new, "enable_new_ir": False}


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="expected default or onednn"):
        list(engine_configs("fast", 4))


def test_photo_tensor_is_the_normalised_photo(tmp_path: Path) -> None:
    pixels = np.full((8, 10, 3), (10, 20, 30), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    spec = {"scale": 1 / 255, "mean": [0.1, 0.2, 0.3], "std": [0.5, 0.25, 0.125]}
    tensor = photo_tensor(str(tmp_path / "photo.png"), [1, 3, 4, 6], spec)
    assert (tensor.shape, tensor.dtype) == ((1, 3, 4, 6), np.float32)
    for channel, level in enumerate((10, 20, 30)):
        expected = (level / 255 - spec["mean"][channel]) / spec["std"][channel]
        # float32 arithmetic on values below 3
        np.testing.assert_allclose(tensor[0, channel], expected, atol=1e-6)


def tiny_folder(folder: Path, shape: list[int], networks: int = 1) -> Path:
    """A network folder whose network adds its input to itself, and a photo beside it."""
    image, doubled = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape[1:]])
        for name in ("image", "doubled")
    )
    add = helper.make_node("Add", ["image", "image"], ["doubled"])
    graph = helper.make_graph([add], "tiny", [image], [doubled])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "tiny.onnx")
    network = {"file": "tiny.onnx", "inputs": [{"name": "image", "shape": shape}]}
    preprocess = {"scale": 1 / 255, "mean": [0, 0, 0], "std": [1, 1, 1]}
    description = {"networks": [network] * networks, "preprocess": preprocess}
    (folder / "instseg.json").write_text(json.dumps(description))
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(folder / "photo.png")
    return folder


def openvino_process(folder: Path) -> WorkerProcess:
    workers = Path(photo_tensor.__code__.co_filename).parent
    return WorkerProcess(
        workers / "openvino_worker.py",
        python=Path(sys.executable),
        cores=[min(os.sched_getaffinity(0))],
        log_path=folder / "worker.log",
        environment=dict(os.environ),
    )


def openvino_options(folder: Path) -> dict[str, object]:
    photo = str(folder / "photo.png")
    return {"folder": str(folder), "image": photo, "threads": 1, "precision": "fp32"}


def test_bare_openvino_runs_one_network_pinned_to_fp32(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path, [-1, 3, 16, 16])
    with openvino_process(folder) as worker:
        info = worker.request("load", timeout_s=60, **openvino_options(folder))["info"]
        reply = worker.request("predict", timeout_s=60, count=2, threshold=0.5)
    assert info["properties"]["INFERENCE_NUM_THREADS"] == "1"
    assert "float" in info["properties"]["INFERENCE_PRECISION_HINT"]
    assert reply["detections"] is None
    for sample in reply["samples"]:
        assert sample["count"] is None
        assert 0 < sample["stages_ms"]["network"] <= sample["total_ms"]


@pytest.mark.parametrize(
    ("shape", "networks", "message"),
    [([-1, 3, -1, -1], 1, "is not fixed"), ([-1, 3, 16, 16], 3, "holds 3 networks")],
)
def test_bare_openvino_says_what_it_cannot_time(
    tmp_path: Path, shape: list[int], networks: int, message: str
) -> None:
    folder = tiny_folder(tmp_path, [1, 3, 16, 16], networks)
    description = json.loads((folder / "instseg.json").read_text())
    description["networks"][0]["inputs"][0]["shape"] = shape
    (folder / "instseg.json").write_text(json.dumps(description))
    with openvino_process(folder) as worker, pytest.raises(WorkerError, match=message):
        worker.request("load", timeout_s=60, **openvino_options(folder))
