"""PaddleX's own steps around the network, by OpenCV and NumPy: what the SDK is compared with.

Source: PaddleX 3.7 instance segmentation, in the order and the types it works in.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import yaml

Array = npt.NDArray[Any]
Image = npt.NDArray[np.uint8]


def read_image(file: Path) -> Image:
    """uint8 [H, W, 3] BGR."""
    image = cv2.imread(str(file), cv2.IMREAD_COLOR)
    assert image is not None, file
    return image  # type: ignore[return-value]


def network_inputs(image_bgr: Image, config: Path) -> dict[str, Array]:
    """image float32 [1, 3, h, w], im_shape and scale_factor float32 [1, 2] (y, x).

    config  the folder's inference.yml
    """
    steps = yaml.safe_load(config.read_text(encoding="utf-8"))["Preprocess"]
    original = image_bgr.shape[:2]
    image: Array = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
    resized = original
    for step in steps:
        kind = step["type"]
        if kind == "Resize":
            image = _resize(image, step)
            resized = image.shape[:2]
        elif kind == "NormalizeImage":
            image = _normalise(image, step)
        elif kind == "PadStride":
            image = _pad(image, step["stride"])
        elif kind != "Permute":
            raise ValueError(f"{config}: unknown step {kind}")
    return {
        "image": np.ascontiguousarray(image.transpose(2, 0, 1)[None], np.float32),
        "im_shape": np.array([resized], np.float32),
        "scale_factor": np.array([np.divide(resized, original)], np.float32),
    }


def _resize(image: Array, step: dict[str, Any]) -> Array:
    height, width = step["target_size"]
    if step["keep_ratio"]:
        scale = min(
            max(height, width) / max(image.shape[:2]), min(height, width) / min(image.shape[:2])
        )
        # Python's round: halves to even.
        height, width = (round(side * scale) for side in image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    return cv2.resize(image, (width, height), interpolation=step["interp"])


def _normalise(image: Array, step: dict[str, Any]) -> Array:
    """norm_type "none" and "mean_std" are the same to PaddleX."""
    scale = 1 / 255 if step.get("is_scale", True) else 1.0
    mean, std = np.array(step["mean"]), np.array(step["std"])
    alpha, beta = (scale / std).astype(np.float32), (-mean / std).astype(np.float32)
    return image.astype(np.float32) * alpha + beta


def _pad(image: Array, stride: int) -> Array:
    """Zeros at right and bottom, after normalising."""
    if stride <= 0:
        return image
    height, width = (-(-side // stride) * stride for side in image.shape[:2])
    padded = np.zeros((height, width, 3), np.float32)
    padded[: image.shape[0], : image.shape[1]] = image
    return padded
