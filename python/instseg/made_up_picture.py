"""A picture for measurements where the user gives none."""

import io

import numpy as np
from PIL import Image


def made_up_jpeg() -> bytes:
    """A JPEG file of 1920 x 1080 with shapes and texture, always the same."""
    random = np.random.default_rng(0)
    coarse = random.integers(0, 256, (9, 16, 3), np.uint8)
    picture = np.asarray(Image.fromarray(coarse).resize((1920, 1080), Image.Resampling.BICUBIC))
    noisy = picture.astype(np.int16) + random.integers(-8, 9, picture.shape, np.int16)
    file = io.BytesIO()
    Image.fromarray(noisy.clip(0, 255).astype(np.uint8)).save(file, "JPEG", quality=90)
    return file.getvalue()
