"""Whatever the user calls an image -> pixels."""

import os
import threading
from typing import Any

import numpy as np

from instseg.dlpack_images import has_dlpack, host_array
from instseg.encoded_image import bytes_pixels, file_pixels, pil_pixels
from instseg.errors import InvalidArgument
from instseg.http_client import is_web_address
from instseg.image_arrays import DEFAULT_MAX_IMAGE_PIXELS, Pixels, array_pixels, check_color
from instseg.web_image import fetch_image


def fetch_if_address(image: Any, cancelled: threading.Event | None = None) -> Any:
    """The bytes behind an http(s) address; anything else as it is. Raises ImageError."""
    if isinstance(image, str) and is_web_address(image):
        return fetch_image(image, cancelled=cancelled)
    return image


def load_pixels(
    image: Any,
    *,
    color: str = "bgr",
    max_pixels: int = DEFAULT_MAX_IMAGE_PIXELS,
    name: str | None = None,
) -> Pixels:
    """Reads and decodes an image.

    image  path (str or Path), http(s) address (str), the bytes of an image file, PIL image, or
           array (see `array_pixels`): NumPy's, or another library's in memory of the CPU by DLPack
    color  order of the channels if `image` is an array; the other kinds know theirs
    name   what messages call the image if it is bytes

    Raises InvalidArgument (no image at all), ImageError (an image that cannot be read).
    """
    check_color(color)
    if isinstance(image, np.ndarray):
        return array_pixels(image, color=color, max_pixels=max_pixels)
    if isinstance(image, str) and is_web_address(image):
        return bytes_pixels(fetch_image(image), name=image, max_pixels=max_pixels)
    if isinstance(image, str | os.PathLike):
        path = os.path.expanduser(os.fsdecode(image))
        return file_pixels(path, max_pixels=max_pixels)
    if isinstance(image, bytes | bytearray | memoryview):
        name = name or f"The image of {memoryview(image).nbytes} bytes"
        return bytes_pixels(image, name=name, max_pixels=max_pixels)
    if _is_pil_image(image):
        return pil_pixels(image, max_pixels=max_pixels)
    if has_dlpack(image):
        return array_pixels(host_array(image), color=color, max_pixels=max_pixels)
    kind = type(image)
    remedy = ""
    if hasattr(image, "__array__"):
        remedy = " Give numpy.asarray(image), uint8, [H, W, 3]."
    elif isinstance(image, list | tuple):
        remedy = " For several images call predict_batch() or stream()."
    raise InvalidArgument(
        f"An image cannot be of type {kind.__module__}.{kind.__qualname__}; expected a path, an "
        f"http(s) address, bytes of an image file, a PIL image or an array.{remedy}"
    )


def _is_pil_image(image: Any) -> bool:
    from PIL import Image

    return isinstance(image, Image.Image)
