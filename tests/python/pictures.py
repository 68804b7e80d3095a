"""Small pictures for tests, in every format and mode that matters."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def photo(height: int = 48, width: int = 64, seed: int = 0) -> NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB: smooth colours with some texture."""
    random = np.random.default_rng(seed)
    coarse = Image.fromarray(random.integers(0, 256, (4, 5, 3), np.uint8))
    smooth = np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)).astype(np.int16)
    return (smooth + random.integers(-9, 10, smooth.shape)).clip(0, 255).astype(np.uint8)


def encoded(image: NDArray[Any] | Image.Image, format_name: str = "PNG", **options: Any) -> bytes:
    """The bytes of an image file."""
    picture = image if isinstance(image, Image.Image) else Image.fromarray(image)
    out = io.BytesIO()
    picture.save(out, format_name, **options)
    return out.getvalue()


def write_photo(path: Path, height: int = 48, width: int = 64, seed: int = 0) -> Path:
    """A photo() in the format of the suffix; makes the folder; returns the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(photo(height, width, seed)).save(path)
    return path
