"""The images of a batch, one after the other."""

from __future__ import annotations

import paddle
from paddle import Tensor


def images_of(im_shape: Tensor) -> range:
    """Places of the images in im_shape [N, 2]. An exported program takes one image: tracing would
    make a loop of an open number, which no program of ours needs."""
    return range(im_shape.shape[0]) if paddle.in_dynamic_mode() else range(1)
