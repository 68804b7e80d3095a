"""From Pillow's storage to NumPy in one copy."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def pil_array(image: Image.Image) -> NDArray[np.uint8]:
    """The pixels of a loaded image of 8 bits a channel: uint8 [H, W, C], [H, W] for one channel.

    Image.tobytes, and np.asarray by way of it, copies in pieces and joins them; that makes reading
    a 1080p JPEG a third slower. The array cannot be written to. Raises MemoryError.
    """
    width, height = image.size
    channels = len(image.getbands())
    size_bytes = width * height * channels
    encoder = Image._getencoder(image.mode, "raw", image.mode)
    try:
        encoder.setimage(image.im, (0, 0, width, height))
        _, status, data = encoder.encode(max(1, size_bytes))
    finally:
        encoder.cleanup()
    if status != 1 or len(data) != size_bytes:
        raise RuntimeError(f"Pillow gave {len(data)} of {size_bytes} bytes (status {status})")
    return np.frombuffer(data, np.uint8).reshape(
        (height, width, channels) if channels > 1 else (height, width)
    )
