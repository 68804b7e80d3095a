"""Results made by hand for tests."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg import Mask, Masks, Result

HEIGHT, WIDTH = 40, 60


def mask_of(bitmap: NDArray[Any]) -> Mask:
    """A mask whose region is the whole image."""
    height, width = bitmap.shape
    return Mask.from_crop(height, width, 0, 0, np.ascontiguousarray(bitmap, np.uint8))


def ring(height: int, width: int) -> NDArray[np.bool_]:
    """An ellipse with a hole."""
    y, x = np.mgrid[:height, :width]
    radius = np.hypot((y + 0.5) / height * 2 - 1, (x + 0.5) / width * 2 - 1)
    return (radius < 1) & (radius > 0.4)


def sample(count: int = 3, height: int = HEIGHT, width: int = WIDTH, **fields: Any) -> Result:
    """A result with `count` rings at reproducible places."""
    random = np.random.default_rng(count)
    boxes, masks = [], []
    for _ in range(count):
        w, h = (int(random.integers(4, side // 2)) for side in (width, height))
        x, y = int(random.integers(0, width - w)), int(random.integers(0, height - h))
        boxes.append((x, y, x + w, y + h))
        masks.append(Mask.from_crop(height, width, x, y, ring(h, w).astype(np.uint8)))
    values: dict[str, Any] = {
        "boxes": np.array(boxes, np.float32).reshape(-1, 4),
        "scores": np.sort(random.uniform(0.3, 1, count)).astype(np.float32)[::-1],
        "class_ids": np.arange(count, dtype=np.int32) % 3,
        "labels": [["cat", "dog", "猫"][i % 3] for i in range(count)],
        "masks": Masks(masks, (height, width)),
        "image_size": (height, width),
        "timings": {"decode_ms": 1.5, "network_ms": 20.25},
        "source": "a/b.png",
        "source_name": "b",
        "model_name": "Hand-made",
    }
    return Result(**{**values, **fields})


def fingerprint(result: Any) -> tuple[Any, ...]:
    """Everything in a result but the times, byte for byte."""
    return (
        result.boxes.tobytes(),
        result.scores.tobytes(),
        result.class_ids.tobytes(),
        tuple(entry["counts"] for entry in result.masks.rle()),
        result.image_size,
    )
