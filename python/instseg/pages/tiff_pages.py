"""Pages of a TIFF file."""

from __future__ import annotations

import io
import os
from typing import IO

from PIL import TiffImagePlugin

from instseg.encoded_image import image_pixels, open_image
from instseg.errors import ImageError
from instseg.pages.page import Page


def count_pages(content: str | bytes) -> int | None:
    """How many pages a file has, from its page headers alone.

    content  path, or the bytes of the file

    1 if it is no TIFF at all; None if a header is damaged.
    """
    try:
        file = _open(content)
    except OSError:
        return 1
    with file:
        try:
            image = open_image(file, "TIFF")
        except ImageError:
            return 1
        try:
            return int(getattr(image, "n_frames", 1))
        except Exception:  # Pillow lets all kinds through
            return None


class TiffPages:
    """A PageReader."""

    def __init__(self, content: str | bytes, name: str, max_pixels: int, first: int = 0) -> None:
        """first: the page that is read first. Raises ImageError."""
        try:
            self._file = _open(content)
        except OSError as error:
            raise ImageError(f"{name} cannot be read: {error}.") from error
        try:
            self._image = open_image(self._file, name)
        except ImageError:
            self._file.close()
            raise
        self._name = name
        self._max_pixels = max_pixels
        self._next = first
        self._broken = False  # the way to the next page is lost

    def read(self) -> Page | None:
        if self._broken:
            return None
        name = f"Page {self._next} of {self._name}"
        try:
            if isinstance(self._image, TiffImagePlugin.TiffImageFile):
                self._image.seek(self._next)
            elif self._next > 0:  # another format under the suffix of TIFF
                return None
        except EOFError:
            return None
        except Exception as error:  # Pillow lets all kinds through
            self._broken = True
            raise ImageError(f"{name} is damaged: {error}.") from error
        self._next += 1
        return Page(image_pixels(self._image, name, self._max_pixels))

    def close(self) -> None:
        self._image.close()
        self._file.close()


def _open(content: str | bytes) -> IO[bytes]:
    if isinstance(content, bytes):
        return io.BytesIO(content)
    return open(os.path.expanduser(content), "rb")
