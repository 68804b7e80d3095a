"""Image files as training sees them."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from instseg.encoded_image import file_pixels
from instseg.errors import ImageError
from instseg.image_arrays import DEFAULT_MAX_IMAGE_PIXELS

EXIF_ORIENTATION = 0x0112
# EXIF orientations that swap height and width -> what turns an upright picture back.
_AS_STORED = {
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}


def read_image(path: str, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """uint8 [H, W, 3] RGB of the height and width that its annotations are for.

    Pictures are turned upright as their EXIF block says, as PaddleDetection and the SDK do. If the
    annotations' size is that of the picture lying on its side, as the file stores it, whoever drew
    them did not turn it, and it is left so.

    Raises ImageError, which names the file: missing, unreadable, of another size.
    """
    image = file_pixels(path, max_pixels=DEFAULT_MAX_IMAGE_PIXELS).rgb()
    found = image.shape[:2]
    if found == size:
        return image
    if found == size[::-1]:
        turn = _AS_STORED.get(_orientation(path))
        if turn is not None:
            return np.array(Image.fromarray(image).transpose(turn))
    raise ImageError(
        f"{path} has {found[1]} x {found[0]} pixels, but its annotations are for "
        f"{size[1]} x {size[0]}; correct `width` and `height` or restore the image"
    )


def _orientation(path: str) -> Any:
    with Image.open(path) as image:
        return image.getexif().get(EXIF_ORIENTATION)
