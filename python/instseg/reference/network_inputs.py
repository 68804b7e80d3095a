"""PaddleX's preprocessing, by OpenCV and NumPy, in the order and the types it works in.

Source: PaddleX 3.7 object_detection/processors.py and instance_segmentation/predictor.py. Not the
SDK's own preprocessing, so that a fault there shows.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg.importer.inference_config import Preprocess

Array = NDArray[Any]


def network_inputs(image_rgb: NDArray[np.uint8], steps: Preprocess) -> dict[str, Array]:
    """uint8 [H, W, 3] -> what an official program takes, all float32:

    image         [1, 3, h, w]
    im_shape      [1, 2]: height and width after resizing, before padding
    scale_factor  [1, 2]: by what height and width were resized
    """
    image: Array = image_rgb
    if steps.normalize_before_resize:
        image = _resized(_normalised(image, steps), steps)
    else:
        image = _normalised(_resized(image, steps), steps)
    original, resized = image_rgb.shape[:2], image.shape[:2]
    image = _padded(image, steps.pad_stride)
    return {
        "image": np.ascontiguousarray(image.transpose(2, 0, 1)[None]),
        "im_shape": np.array([resized], np.float32),
        "scale_factor": np.array([np.divide(resized, original)], np.float32),
    }


def _resized(image: Array, steps: Preprocess) -> Array:
    import cv2

    height, width = steps.height, steps.width
    if steps.keep_ratio:
        scale = min(
            max(height, width) / max(image.shape[:2]), min(height, width) / min(image.shape[:2])
        )
        # Python's round: halves to even.
        height, width = (round(side * scale) for side in image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    interpolation = {
        "nearest": cv2.INTER_NEAREST,
        "bilinear": cv2.INTER_LINEAR,
        "bicubic": cv2.INTER_CUBIC,
    }[steps.interpolation]
    size = (max(width, 1), max(height, 1))
    resized: Array = cv2.resize(image, size, interpolation=interpolation)
    return resized


def _normalised(image: Array, steps: Preprocess) -> Array:
    """One product and one sum in float32; the factors are rounded once, from float64."""
    alpha = steps.scale / np.array(steps.std)
    beta = -np.array(steps.mean) / np.array(steps.std)
    scaled: Array = image.astype(np.float32) * alpha.astype(np.float32)
    scaled += beta.astype(np.float32)
    return scaled


def _padded(image: Array, stride: int) -> Array:
    """Zeros at right and bottom, after normalising."""
    height, width = (-(-side // stride) * stride for side in image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    padded = np.zeros((height, width, 3), np.float32)
    padded[: image.shape[0], : image.shape[1]] = image
    return padded
