"""Writes pictures to files, whole or not at all."""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg.atomic_file import atomic_file
from instseg.errors import InvalidArgument

# Suffix -> Pillow's name of the format and its options.
_FORMATS: dict[str, tuple[str, dict[str, Any]]] = {
    ".bmp": ("BMP", {}),
    ".jpeg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".jpg": ("JPEG", {"quality": 92, "subsampling": 0}),
    ".png": ("PNG", {"compress_level": 3}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
    ".webp": ("WEBP", {"quality": 92}),
}
PICTURE_SUFFIXES = tuple(_FORMATS)


def check_picture_suffix(path: Path) -> None:
    """Raises InvalidArgument unless `write_picture` knows the suffix."""
    if path.suffix.lower() not in _FORMATS:
        raise InvalidArgument(
            f"{path} ends in {path.suffix or 'no suffix'!r}; expected one of "
            f"{', '.join(PICTURE_SUFFIXES)}."
        )


def write_picture(path: Path, rgb: NDArray[np.uint8]) -> None:
    """Writes uint8 [H, W, 3] RGB in the format of the suffix. Raises OSError.

    JPEG and WebP hold at most 65535 and 16383 pixels a side; a larger picture is an OSError.
    """
    from PIL import Image

    check_picture_suffix(path)
    format_name, options = _FORMATS[path.suffix.lower()]
    with atomic_file(path) as file:
        try:
            Image.fromarray(rgb).save(file, format_name, **options)
        except ValueError as error:
            raise OSError(f"{path} cannot hold the picture: {error}") from error
