"""The workers: what they decide without their libraries, and bare OpenVINO on a tiny network."""

import json
import os
import sys
from pathlib import Path

import numpy as np
import onnx
import pytest
from harness.worker_process import WorkerError, WorkerProcess
from onnx import TensorProto, helper, numpy_helper
from openvino_worker import resized_size
from paddlex_worker import engine_configs
from PIL import Image

from instseg import _core


def test_default_mode_leaves_the_choice_to_paddlex() -> None:
    assert list(engine_configs("default", 4)) == [{"cpu_threads": 4}]


def test_forced_onednn_falls_back_to_the_old_ir() -> None:
    new, old = engine_configs("onednn", 4)
    assert new == {"cpu_threads": 4, "run_mode": "mkldnn"}
    assert old == {**new, "enable_new_ir": False}


def test_unknown_mode_is_refused() -> None:
    with pytest.raises(ValueError, match="expected default or onednn"):
        list(engine_configs("fast", 4))


def tiny_folder(folder: Path, shape: list[int]) -> Path:
    """A network folder whose network convolves its input, 1 x 1, and a photo of 16 x 16."""
    image, weighted = (
        helper.make_tensor_value_info(name, TensorProto.FLOAT, ["batch", *shape[1:]])
        for name in ("image", "weighted")
    )
    weights = numpy_helper.from_array(np.ones((3, 3, 1, 1), np.float32), "weights")
    convolution = helper.make_node("Conv", ["image", "weights"], ["weighted"])
    graph = helper.make_graph([convolution], "tiny", [image], [weighted], [weights])
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), folder / "tiny.onnx")
    network = {"role": "main", "file": "tiny.onnx", "inputs": [{"name": "image", "shape": shape}]}
    preprocess = {
        "color": "rgb",
        "resize": {"height": 16, "width": 16, "keep_ratio": False, "interpolation": "bilinear"},
        "scale": 1 / 255,
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "normalize_before_resize": False,
        "pad_stride": 1,
    }
    description = {"networks": [network], "preprocess": preprocess}
    (folder / "instseg.json").write_text(json.dumps(description))
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(folder / "photo.png")
    return folder


def worker_process(script: str, folder: Path) -> WorkerProcess:
    workers = Path(resized_size.__code__.co_filename).parent
    return WorkerProcess(
        workers / script,
        python=Path(sys.executable),
        cores=[min(os.sched_getaffinity(0))],
        log_path=folder / "worker.log",
        environment=dict(os.environ),
    )


def openvino_options(folder: Path) -> dict[str, object]:
    photo = str(folder / "photo.png")
    return {
        "folder": str(folder),
        "image": photo,
        "instances": 20,
        "threads": 1,
        "precision": "fp32",
    }


def test_bare_openvino_runs_one_network_pinned_to_fp32(tmp_path: Path) -> None:
    folder = tiny_folder(tmp_path, [-1, 3, 16, 16])
    with worker_process("openvino_worker.py", folder) as worker:
        info = worker.request("load", timeout_s=60, **openvino_options(folder))["info"]
        reply = worker.request("predict", timeout_s=60, count=2, threshold=0.5)
    [network] = info["networks"]
    assert network == {
        "file": "tiny.onnx",
        "input_shape": [1, 3, 16, 16],
        "flops": 2 * 3 * 3 * 16 * 16,
    }
    assert info["properties"]["INFERENCE_NUM_THREADS"] == "1"
    assert "float" in info["properties"]["INFERENCE_PRECISION_HINT"]
    assert reply["detections"] is None
    for sample in reply["samples"]:
        assert sample["count"] is None
        assert 0 < sample["stages_ms"]["network"] <= sample["total_ms"]


@pytest.mark.parametrize("image_size", [(1080, 1920), (240, 260), (1024, 3072), (999, 333)])
def test_regions_lie_in_the_image_as_it_is_resized(image_size: tuple[int, int]) -> None:
    preprocess = {
        "color": "rgb",
        "resize": {"height": 800, "width": 1333, "keep_ratio": True, "interpolation": "bicubic"},
        "scale": 1 / 255,
        "mean": [0, 0, 0],
        "std": [1, 1, 1],
        "normalize_before_resize": False,
        "pad_stride": 1,
    }
    pixels = np.zeros((*image_size, 3), np.uint8)
    network_input = _core.preprocess(pixels, color="rgb", spec=preprocess)
    assert network_input.shape[1:] == resized_size(preprocess, image_size)


def test_the_peak_is_a_matrix_product_on_as_many_threads_as_cores(tmp_path: Path) -> None:
    with worker_process("matmul_worker.py", tmp_path) as worker:
        info = worker.request("load", timeout_s=60, threads=1)["info"]
        reply = worker.request("predict", timeout_s=60, count=1, threshold=0.5)
    assert info["flops"] == 2 * 3072**3
    [sample] = reply["samples"]
    # No core does 10 TFLOP/s in float32.
    assert sample["stages_ms"]["network"] > 5
    with (
        worker_process("matmul_worker.py", tmp_path) as worker,
        pytest.raises(WorkerError, match="4 threads were asked for on 1 cores"),
    ):
        worker.request("load", timeout_s=60, threads=4)
