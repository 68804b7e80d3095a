"""A hand-made network folder of the Mask-RT-DETR family that answers in a millisecond.

The image is averaged over a 4 x 4 grid; each cell is a query, the three classes are its red, green
and blue, and its mask holds the pixels whose colour lies on the same side of grey as the cell's.
`dense_outputs` works it out again in NumPy.

Run as a program, it writes the folder named on the command line.
"""

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

SIDE = 64
GRID = 4
QUERIES = GRID * GRID
PROTOTYPE_SIDE = 16
CLASS_NAMES = ["red", "green", "blue"]
LOGIT_SCALE = 10.0
# Boxes are 1.25 cells wide, so that neighbours overlap.
BOX_SIDE = 1.25 / GRID
MODEL_NAME = "Tiny"


def base_boxes() -> NDArray[np.float32]:
    """float32 [Q, 4]: centre x, centre y, width, height in 0..1, row after row of the grid."""
    centres = (np.arange(GRID) + 0.5) / GRID
    y, x = np.meshgrid(centres, centres, indexing="ij")
    side = np.full(QUERIES, BOX_SIDE)
    return np.stack([x.ravel(), y.ravel(), side, side], axis=1).astype(np.float32)


def network() -> onnx.ModelProto:
    """image float32 [N, 3, 64, 64] in 0..1, RGB -> boxes, logits, mask coefficients, prototypes."""

    def constant(name: str, value: Any) -> onnx.TensorProto:
        return numpy_helper.from_array(np.asarray(value), name)

    def pool(output: str, cells: int) -> onnx.NodeProto:
        kernel = [SIDE // cells] * 2
        return helper.make_node(
            "AveragePool", ["image"], [output], kernel_shape=kernel, strides=kernel
        )

    node = helper.make_node
    nodes = [
        pool("grid", GRID),
        node("Reshape", ["grid", "cells_shape"], ["cells"]),
        node("Transpose", ["cells"], ["colours"], perm=[0, 2, 1]),
        node("Sub", ["colours", "half"], ["mask_coefficients"]),
        node("Mul", ["mask_coefficients", "logit_scale"], ["logits"]),
        node("MatMul", ["mask_coefficients", "no_shift"], ["shift"]),
        node("Add", ["shift", "base_boxes"], ["boxes"]),
        pool("small", PROTOTYPE_SIDE),
        node("Sub", ["small", "half"], ["prototypes"]),
    ]
    constants = [
        constant("cells_shape", np.array([0, 3, QUERIES], np.int64)),
        constant("half", np.float32(0.5)),
        constant("logit_scale", np.float32(LOGIT_SCALE)),
        # Brings the batch dimension to the constant boxes.
        constant("no_shift", np.zeros((3, 4), np.float32)),
        constant("base_boxes", base_boxes()[None]),
    ]

    def tensor(name: str, shape: list[int | str]) -> onnx.ValueInfoProto:
        return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)

    graph = helper.make_graph(
        nodes,
        "tiny",
        [tensor("image", ["N", 3, SIDE, SIDE])],
        [tensor(name, ["N", *shape]) for name, _, shape in OUTPUTS],
        constants,
    )
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="instseg tests"
    )
    model.ir_version = 9
    onnx.checker.check_model(model, full_check=True)
    return model


OUTPUTS: list[tuple[str, str, list[int]]] = [
    ("boxes", "boxes_cxcywh", [QUERIES, 4]),
    ("logits", "class_logits", [QUERIES, len(CLASS_NAMES)]),
    ("mask_coefficients", "mask_coefficients", [QUERIES, 3]),
    ("prototypes", "mask_prototypes", [3, PROTOTYPE_SIDE, PROTOTYPE_SIDE]),
]


def dense_outputs(image: NDArray[np.uint8]) -> dict[str, NDArray[np.float32]]:
    """The network's outputs for uint8 [64, 64, 3] RGB, which needs no resizing."""
    unit = image.astype(np.float32) / 255

    def pooled(cells: int) -> NDArray[np.float32]:
        side = SIDE // cells
        return unit.reshape(cells, side, cells, side, 3).mean((1, 3), dtype=np.float32)

    coefficients = pooled(GRID).reshape(QUERIES, 3) - np.float32(0.5)
    return {
        "boxes": base_boxes(),
        "logits": coefficients * np.float32(LOGIT_SCALE),
        "mask_coefficients": coefficients,
        "prototypes": pooled(PROTOTYPE_SIDE).transpose(2, 0, 1) - np.float32(0.5),
    }


def write_network_folder(folder: Path, *, broken: bool = False) -> Path:
    """Makes `folder` with instseg.json and network.onnx; broken: the network gives NaN."""
    model = network()
    if broken:
        [boxes] = [c for c in model.graph.initializer if c.name == "base_boxes"]
        nan = np.full((1, QUERIES, 4), np.nan, np.float32)
        boxes.CopyFrom(numpy_helper.from_array(nan, "base_boxes"))
    content = model.SerializeToString()
    folder.mkdir(parents=True)
    (folder / "network.onnx").write_bytes(content)

    def described(name: str, meaning: str, shape: list[int]) -> dict[str, Any]:
        return {"name": name, "meaning": meaning, "dtype": "float32", "shape": [-1, *shape]}

    manifest = {
        "format": "instseg-network-folder",
        "version": 1,
        "model_name": MODEL_NAME,
        "family": "mask_rtdetr",
        "class_names": CLASS_NAMES,
        "source": {"program": "tiny_model.py", "sha256": "0" * 64, "importer_version": 1},
        "preprocess": {
            "color": "rgb",
            "resize": {
                "height": SIDE,
                "width": SIDE,
                "keep_ratio": False,
                "interpolation": "bilinear",
            },
            "scale": 1 / 255,
            "mean": [0, 0, 0],
            "std": [1, 1, 1],
            "normalize_before_resize": False,
            "pad_stride": 1,
        },
        "thresholds": {"score": 0.5, "mask": 0.5},
        "postprocess": {"top_k": 20},
        "networks": [
            {
                "role": "main",
                "file": "network.onnx",
                "size_bytes": len(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "inputs": [described("image", "image", [3, SIDE, SIDE])],
                "outputs": [described(*output) for output in OUTPUTS],
            }
        ],
    }
    (folder / "instseg.json").write_text(json.dumps(manifest, indent=1), encoding="utf-8")
    return folder


def flag(height: int = SIDE, width: int = SIDE) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB: left half pure red, right half pure blue, on a black lower half."""
    image = np.zeros((height, width, 3), np.uint8)
    image[: height // 2, : width // 2, 0] = 255
    image[: height // 2, width // 2 :, 2] = 255
    return image


if __name__ == "__main__":
    write_network_folder(Path(sys.argv[1]))
