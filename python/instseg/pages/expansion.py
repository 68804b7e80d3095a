"""Replaces files of several pages among a stream's items by their pages."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import count
from threading import Event
from typing import Any
from urllib.parse import unquote, urlsplit

from instseg.errors import ImageError
from instseg.http_client import is_web_address
from instseg.image_input import fetch_if_address
from instseg.pages.page import Page, PageReader
from instseg.pages.page_sequence import PageSequence, PageTicket
from instseg.pages.pdf_pages import PdfPages
from instseg.pages.tiff_pages import TiffPages, count_pages
from instseg.pages.video_frames import VideoFrames, frame_again
from instseg.sources import SourceItem

TIFF_SUFFIXES = (".tif", ".tiff")
PDF_SUFFIXES = (".pdf",)
VIDEO_SUFFIXES = (
    *(".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".flv"),
    *(".mjpeg", ".mjpg"),
)
# First bytes of a file in memory -> kind: TIFF and BigTIFF of either byte order, PDF.
_SIGNATURES = {
    b"II*\0": "tiff",
    b"MM\0*": "tiff",
    b"II+\0": "tiff",
    b"MM\0+": "tiff",
    b"%PDF": "pdf",
}
_READERS: dict[str, Callable[[str | bytes, str, int], PageReader]] = {
    "tiff": TiffPages,
    "pdf": PdfPages,
    "video": VideoFrames,
}


def page_kind(image: Any) -> str | None:
    """ "tiff", "pdf" or "video" by a path's or address's suffix or a file's first bytes, or None.

    image  see SourceItem
    """
    if isinstance(image, bytes | bytearray | memoryview):
        return _SIGNATURES.get(bytes(image[:4]))
    if not isinstance(image, str | os.PathLike):
        return None
    path = os.fsdecode(image)
    name = (unquote(urlsplit(path).path) if is_web_address(path) else path).lower()
    for kind, suffixes in (
        ("tiff", TIFF_SUFFIXES),
        ("pdf", PDF_SUFFIXES),
        ("video", VIDEO_SUFFIXES),
    ):
        if name.endswith(suffixes):
            return kind
    return None


class PageExpansion:
    """Turns items into items; files of several pages become one item per page."""

    def __init__(self, max_pixels: int) -> None:
        """max_pixels: pages with more are refused."""
        self._max_pixels = max_pixels
        self._open: list[PageSequence] = []

    def expand(self, items: Iterable[SourceItem]) -> Iterator[SourceItem]:
        """An item whose image is a PageTicket for each page; other items as they are.

        A TIFF of one page stays an image. Where the number of pages is not known beforehand, the
        last tickets read None.
        """
        for item in items:
            kind = None if item.error is not None else page_kind(item.image)
            if kind is None or _is_missing(item.image):
                yield item
            elif kind == "tiff" and not _is_address(item.image):
                pages = count_pages(_content(item.image))
                if pages == 1:
                    yield item
                else:
                    yield from self._pages(item, kind, pages)
            else:
                yield from self._pages(item, kind, None)

    def close(self) -> None:
        """Frees files that were not read to their end. Not while a page is read."""
        for sequence in self._open:
            sequence.close()
        self._open.clear()

    def _pages(self, item: SourceItem, kind: str, pages: int | None) -> Iterator[SourceItem]:
        source = _PagedFile(item, kind, self._max_pixels)
        sequence = PageSequence(source.open)
        self._open = [other for other in self._open if not other.ended]
        self._open.append(sequence)
        for position in count() if pages is None else range(pages):
            if sequence.ended:
                return
            ticket = PageTicket(sequence, position, source.again(position))
            yield replace(item, image=ticket, name=_page_name(item.name, kind, position))


class _PagedFile:
    """How to read a file from its start, and single pages of it again."""

    def __init__(self, item: SourceItem, kind: str, max_pixels: int) -> None:
        self._content = _content(item.image)  # of an address, after opening: what was fetched
        self._kind = kind
        self._name = item.source or f"The {kind} of {len(self._content)} bytes"
        self._max_pixels = max_pixels

    def open(self, cancelled: Event) -> PageReader:
        self._content = fetch_if_address(self._content, cancelled)
        return _READERS[self._kind](self._content, self._name, self._max_pixels)

    def again(self, position: int) -> Callable[[float | None], Page]:
        return lambda time_s: self._read(position, time_s)

    def _read(self, position: int, time_s: float | None) -> Page:
        content, name, max_pixels = self._content, self._name, self._max_pixels
        page: Page | None
        if self._kind == "video":
            page = frame_again(content, name, max_pixels, position, time_s)
        else:
            pages = TiffPages if self._kind == "tiff" else PdfPages
            reader = pages(content, name, max_pixels, first=position)
            try:
                page = reader.read()
            finally:
                reader.close()
        if page is None:
            raise ImageError(f"{name} no longer has a page {position}.")
        return page


def _is_address(image: Any) -> bool:
    return isinstance(image, str) and is_web_address(image)


def _is_missing(image: Any) -> bool:
    """A path that is no file: reading it as an image says so."""
    if isinstance(image, bytes | bytearray | memoryview) or _is_address(image):
        return False
    try:
        return not os.path.isfile(os.path.expanduser(os.fsdecode(image)))
    except ValueError:  # a NUL in the path
        return True


def _content(image: Any) -> str | bytes:
    """Path or address as str, a file in memory as bytes."""
    if isinstance(image, bytes | bytearray | memoryview):
        return bytes(image)
    path = os.fsdecode(image)
    return path if is_web_address(path) else os.path.expanduser(path)


def _page_name(name: str, kind: str, position: int) -> str:
    """Frames are padded, so that files made from them sort in order."""
    return f"{name}_{position:06d}" if kind == "video" else f"{name}_{position}"
