"""One page or frame, and what reads them."""

from dataclasses import dataclass
from typing import Protocol

from instseg.image_arrays import Pixels


@dataclass(frozen=True, eq=False)
class Page:
    """A decoded page of a document, or a frame of a video.

    time_s  seconds from the start of the video; None where the file does not say, and for pages
    """

    pixels: Pixels
    time_s: float | None = None


class PageReader(Protocol):
    """An open file, read from front to back by one thread at a time."""

    def read(self) -> Page | None:
        """The next page; None after the last.

        Raises ImageError for a page that cannot be read; the next call reads the one after it.
        """

    def close(self) -> None:
        """Frees the file; may be called again."""
