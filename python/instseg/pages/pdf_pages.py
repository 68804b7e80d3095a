"""Pages of a PDF file, drawn by PDFium (extra `pdf`)."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np

from instseg.errors import ImageError
from instseg.image_arrays import Pixels, check_pixel_count
from instseg.optional_package import require
from instseg.pages.page import Page

# Pixels per point (1/72 inch), as PaddleX renders: 144 dpi.
SCALE = 2.0

# PDFium may be called by one thread at a time only, whatever the document.
_PDFIUM = threading.Lock()


class PdfPages:
    """A PageReader."""

    def __init__(self, content: str | bytes, name: str, max_pixels: int, first: int = 0) -> None:
        """first: the page that is read first. Raises ImageError, MissingPackage."""
        pdfium = require("pypdfium2", extra="pdf", purpose=f"Reading the PDF {name}")
        self._name = name
        self._max_pixels = max_pixels
        self._next = first
        self._document: Any = None
        with _PDFIUM:
            try:
                self._document = pdfium.PdfDocument(content)
                self._count = len(self._document)
            except (pdfium.PdfiumError, OSError) as error:
                raise ImageError(f"{name} cannot be read as PDF: {error}.") from error

    def read(self) -> Page | None:
        if self._next >= self._count:
            return None
        index = self._next
        self._next += 1
        name = f"Page {index} of {self._name}"
        with _PDFIUM:
            try:
                page = self._document[index]
            except Exception as error:  # PdfiumError; pypdfium2 lets others through
                raise ImageError(f"{name} is damaged: {error}.") from error
            try:
                width, height = (math.ceil(side * SCALE) for side in page.get_size())
                check_pixel_count(height, width, self._max_pixels, name)
                bitmap = page.render(scale=SCALE)
                try:
                    pixels = np.array(bitmap.to_numpy()[..., :3], order="C")
                finally:
                    bitmap.close()
            except ImageError:
                raise
            except Exception as error:
                raise ImageError(f"{name} cannot be drawn: {error}.") from error
            finally:
                page.close()
        return Page(Pixels(pixels, "bgr"))

    def close(self) -> None:
        with _PDFIUM:
            if self._document is not None:
                self._document.close()
                self._document = None
