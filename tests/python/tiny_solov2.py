"""A hand-made network folder of the SOLOv2 family that answers in a millisecond; input of any size.

Mask features are the picture's colours and a constant 1, averaged over 4 x 4 pixels. Two levels of
2 x 2 and 1 x 1 cells; cells and classes are given: class 0 draws what is red, class 1 what is blue.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

CLASS_NAMES = ["red", "blue"]
GRIDS = [2, 1]
RED = [40.0, -40.0, -40.0, -10.0]
BLUE = [-40.0, -40.0, 40.0, -10.0]
"""Weights of the colours and of the constant: a logit of 30 in the colour, -10 on black."""

POSTPROCESS: dict[str, Any] = {
    "candidate_threshold": 0.1,
    "level_strides": [8, 16],
    "pre_nms_top_k": 500,
    "nms_decay": "gaussian",
    "nms_sigma": 2.0,
    "decayed_threshold": 0.05,
    "top_k": 100,
    "mask_upsampling": 4,
    "width_by_height_factor": True,
}


def scores() -> list[NDArray[np.float32]]:
    """Per level [1, g, g, K]: red with 0.9, blue with 0.75, red again with 0.8 (the same mask)."""
    first, second = (np.zeros((1, grid, grid, 2), np.float32) for grid in GRIDS)
    first[0, 0, 0, 0] = 0.9
    first[0, 1, 1, 1] = 0.75
    second[0, 0, 0, 0] = 0.8
    return [first, second]


def kernels() -> list[NDArray[np.float32]]:
    """Per level [1, D, g, g]."""
    first, second = (np.zeros((1, 4, grid, grid), np.float32) for grid in GRIDS)
    first[0, :, 0, 0] = RED
    first[0, :, 1, 1] = BLUE
    second[0, :, 0, 0] = RED
    return [first, second]


def network() -> onnx.ModelProto:
    def constant(name: str, value: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(value), name)

    def tensor(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    node = helper.make_node
    nodes = [
        node("AveragePool", ["image"], ["colours"], kernel_shape=[4, 4], strides=[4, 4]),
        node("ReduceMean", ["colours"], ["mean"], axes=[1], keepdims=1),
        node("Mul", ["mean", "zero"], ["zeros"]),
        node("Add", ["zeros", "one"], ["ones"]),
        node("Concat", ["colours", "ones"], ["mask_features"], axis=1),
        node("ReduceMean", ["zeros"], ["none"], axes=[1, 2, 3], keepdims=1),
    ]
    constants = [constant("zero", np.float32(0)), constant("one", np.float32(1))]
    outputs = [tensor("mask_features", ["N", 4, "h", "w"])]
    for i, values in enumerate(zip(scores(), kernels(), strict=True)):
        for name, value in zip((f"scores_{i}", f"kernels_{i}"), values, strict=True):
            constants.append(constant(f"{name}_given", value))
            nodes.append(node("Add", [f"{name}_given", "none"], [name]))
            outputs.append(tensor(name, ["N", *value.shape[1:]]))
    graph = helper.make_graph(
        nodes, "tiny", [tensor("image", ["N", 3, "H", "W"])], outputs, constants
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="instseg tests"
    )
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return model


def write_network_folder(folder: Path, **postprocess: Any) -> Path:
    """Makes `folder`; `postprocess` replaces numbers of POSTPROCESS, None leaves one out."""
    content = network().SerializeToString()
    folder.mkdir(parents=True)
    (folder / "network.onnx").write_bytes(content)

    def described(name: str, meaning: str, shape: tuple[int, ...]) -> dict[str, Any]:
        return {"name": name, "meaning": meaning, "dtype": "float32", "shape": [-1, *shape]}

    numbers = {**POSTPROCESS, **postprocess}
    outputs = [described("mask_features", "mask_features", (4, -1, -1))]
    for i, (score, kernel) in enumerate(zip(scores(), kernels(), strict=True)):
        outputs.append(described(f"scores_{i}", f"category_scores_{i}", score.shape[1:]))
        outputs.append(described(f"kernels_{i}", f"kernels_{i}", kernel.shape[1:]))
    manifest = {
        "format": "instseg-network-folder",
        "version": 1,
        "model_name": "TinySOLOv2",
        "family": "solov2",
        "class_names": CLASS_NAMES,
        "source": {"program": "tiny_solov2.py", "sha256": "0" * 64, "importer_version": 1},
        "preprocess": {
            "color": "rgb",
            "resize": {"height": 64, "width": 96, "keep_ratio": True, "interpolation": "bilinear"},
            "scale": 1 / 255,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "normalize_before_resize": True,
            "pad_stride": 32,
        },
        "thresholds": {"score": 0.5, "mask": 0.5},
        "postprocess": {key: value for key, value in numbers.items() if value is not None},
        "networks": [
            {
                "role": "main",
                "file": "network.onnx",
                "size_bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "inputs": [described("image", "image", (3, -1, -1))],
                "outputs": outputs,
            }
        ],
    }
    (folder / "instseg.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return folder
