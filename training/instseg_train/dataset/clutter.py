"""What lies behind the objects of a drawn picture and is none of them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
from scipy import ndimage


def draw_clutter(canvas: npt.NDArray[np.float32], random: np.random.Generator) -> None:
    """Bars and boards across the picture, and sometimes stripes as of cloth or wood; in place.

    canvas  float32 [H, W, 3] in [0, 1]
    """
    height, width = canvas.shape[:2]
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    for _ in range(int(random.integers(0, 5))):
        angle = random.uniform(0, np.pi)
        along = np.cos(angle) * (x - random.uniform(0, width))
        along += np.sin(angle) * (y - random.uniform(0, height))
        across = np.cos(angle) * (y - random.uniform(0, height))
        across -= np.sin(angle) * (x - random.uniform(0, width))
        half_length = random.uniform(0.05, 0.6) * max(height, width)
        half_width = random.uniform(0.005, 0.12) * max(height, width)
        inside = (np.abs(along) < half_length) & (np.abs(across) < half_width)
        soft = ndimage.gaussian_filter(inside.astype(np.float32), random.uniform(0.3, 2.0))
        color = random.uniform(0.05, 0.95) + random.uniform(-0.15, 0.15, 3)
        canvas += (random.uniform(0.2, 0.9) * soft)[..., None] * (color.astype(np.float32) - canvas)
    if random.random() < 0.3:
        angle, period = random.uniform(0, np.pi), random.uniform(4, 40)
        wave = np.sin(2 * np.pi / period * (np.cos(angle) * x + np.sin(angle) * y))
        canvas += (random.uniform(0.02, 0.12) * wave)[..., None].astype(np.float32)
