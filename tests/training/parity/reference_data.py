"""The reference implementation's numbers in `../shared/parity`, and our models set up the same way.

Tests that need them are skipped where the folder (`INSTSEG_REFERENCE_DIR`, default `../shared`) is
absent.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import paddle
import pytest
from pycocotools import mask as coco_mask

from instseg_train.models.segmenter import Segmenter
from instseg_train.models.table import MODELS, build_model

REPOSITORY = Path(__file__).resolve().parents[3]
IMAGENET_MEAN = (0.485, 0.456, 0.406)
IMAGENET_STD = (0.229, 0.224, 0.225)
# Families whose images are resized to 640 x 640 and divided by 255, no more.
FIXED_SIZE_FAMILIES = ("mask_rtdetr", "ppyoloe_seg")

Array = npt.NDArray[Any]


@cache
def parity_dir() -> Path:
    """The folder of records; skips the calling test where it is absent."""
    folder = Path(os.environ.get("INSTSEG_REFERENCE_DIR", REPOSITORY.parent / "shared")) / "parity"
    if not folder.is_dir():
        pytest.skip(f"the reference's records are not at {folder} (set INSTSEG_REFERENCE_DIR)")
    return folder


@cache
def _module(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"reference_{name}", parity_dir() / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def manifest(name: str) -> dict[str, dict[str, Any]]:
    """Name -> shape, dtype, trainable, (alias_of) of every entry of the state dict."""
    record = json.loads((parity_dir() / "manifest" / f"{name}.json").read_text())
    entries: dict[str, dict[str, Any]] = record["state_dict"]
    return entries


def loss_record(name: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads((parity_dir() / "loss" / f"{name}.json").read_text())
    return record


# Branches of Mask-RT-DETR's decoder that generated weights make too strong (parity/README.md).
_LOUD = re.compile(
    r"transformer\.decoder\.layers\.\d\.(self_attn\.out_proj|cross_attn\.output_proj|linear2)\.weight"
)
_CALM_FACTOR = np.float32(0.1)


def filled(name: str, seed: int = 0, *, num_classes: int = 80, calm: bool = False) -> Segmenter:
    """The official model with the generated weights that the records were made with; calm: as
    comparisons of detections need them, rounding does not grow from layer to layer."""
    weights = _module("weights")
    model = build_model(name, num_classes)
    for key, tensor in model.state_dict().items():
        canonical = weights.canonical(key)
        dtype = str(tensor.numpy().dtype)
        values = weights.fill(canonical, tuple(tensor.shape), dtype, seed, name)
        if calm and _LOUD.fullmatch(canonical):
            values = values * _CALM_FACTOR
        tensor.set_value(values)
    return model


def _training_planes(name: str, image: Array) -> Array:
    """RGB uint8 [H, W, 3] -> float32 [3, H, W] as the recorded training step was fed."""
    scaled = image.astype(np.float32) / np.float32(255)
    if MODELS[name].family not in FIXED_SIZE_FAMILIES:
        scaled = (scaled - np.float32(IMAGENET_MEAN)) / np.float32(IMAGENET_STD)
    return np.ascontiguousarray(scaled.transpose(2, 0, 1))


def _normalised(name: str, image: Array) -> Array:
    """uint8 [H, W, 3] -> float32 [H, W, 3], bit for bit as the reference's evaluation: a product,
    and each step with mean and deviation in float64, rounded to float32."""
    scaled = image.astype(np.float32)
    scaled *= 1.0 / 255.0
    if MODELS[name].family not in FIXED_SIZE_FAMILIES:
        scaled -= np.array(IMAGENET_MEAN)
        scaled /= np.array(IMAGENET_STD)
    return scaled


def evaluation_inputs(name: str) -> dict[str, paddle.Tensor]:
    """The input of the recorded forward pass: `image(480, 640, 0)` after the model's transforms."""
    image = _module("images").image(480, 640, 0)
    family = MODELS[name].family
    height, width = image.shape[:2]
    if family in FIXED_SIZE_FAMILIES:
        resized = cv2.resize(image, (640, 640), interpolation=cv2.INTER_CUBIC)
        tensor = _normalised(name, resized).transpose(2, 0, 1)
    else:
        scale = min(800 / min(height, width), 1333 / max(height, width))
        size = (int(width * scale + 0.5), int(height * scale + 0.5))
        if family == "solov2":  # normalises before it resizes
            resized = cv2.resize(_normalised(name, image), size, interpolation=cv2.INTER_LINEAR)
            tensor = resized.transpose(2, 0, 1)
        else:
            resized = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
            tensor = _normalised(name, resized).transpose(2, 0, 1)
        if name != "MaskRCNN-ResNet50":  # the C4 model is not padded
            down, right = (-tensor.shape[1] % 32, -tensor.shape[2] % 32)
            tensor = np.pad(tensor, ((0, 0), (0, down), (0, right)))
    shape = np.array([resized.shape[:2]], np.float32)
    return {
        "image": paddle.to_tensor(np.ascontiguousarray(tensor[None], np.float32)),
        "im_shape": paddle.to_tensor(shape),
        "scale_factor": paddle.to_tensor(shape / np.array([[height, width]], np.float32)),
    }


def loss_inputs(name: str) -> dict[str, Any]:
    """The two images and their ground truth of the recorded training step."""
    record = loss_record(name)
    height, width = record["image_size"]
    images = [_module("images").image(height, width, index) for index in (1, 2)]
    truth = record["ground_truth"]
    masks = []
    for objects in truth:
        planes = []
        for item in objects:
            [encoded] = coco_mask.frPyObjects([item["polygon"]], height, width)
            plane = coco_mask.decode(encoded)
            assert int(plane.sum()) == item["mask_area"]
            planes.append(plane)
        masks.append(np.stack(planes).astype(np.uint8))
    size = np.array([[height, width]] * len(images), np.float32)
    return {
        "image": paddle.to_tensor(np.stack([_training_planes(name, image) for image in images])),
        "im_shape": paddle.to_tensor(size),
        "scale_factor": paddle.to_tensor(np.ones_like(size)),
        "gt_bbox": [
            paddle.to_tensor(np.array([item["box_xyxy"] for item in objects], np.float32))
            for objects in truth
        ],
        "gt_class": [
            paddle.to_tensor(np.array([item["class"] for item in objects], np.int64))
            for objects in truth
        ],
        "gt_segm": [paddle.to_tensor(planes) for planes in masks],
        "is_crowd": [paddle.zeros([len(objects)], "int32") for objects in truth],
    }


def parameter_arrays(folder: Path) -> dict[str, Array]:
    """Parameter name -> values of a folder with a program of the PIR format. The file of values has
    no names: its order is that of the sorted names."""
    content = json.loads((folder / "inference.json").read_text(encoding="utf-8"))
    [block] = content["program"]["regions"][0]["blocks"]
    names = sorted(operator["A"][3] for operator in block["ops"] if operator["#"] == "p")
    arrays = _module("weights").read_pdiparams(folder / "inference.pdiparams", names)
    return dict(arrays)
