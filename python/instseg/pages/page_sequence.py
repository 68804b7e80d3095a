"""The pages of one file, read in order by whichever background threads ask for them."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event

from instseg.errors import ImageError, InstsegError
from instseg.image_arrays import Pixels
from instseg.pages.page import Page, PageReader

# How soon a thread that waits for its turn sees that nobody wants the page any more.
_POLL_S = 0.05


class PageSequence:
    """Opens the file with the first page and closes it after the last.

    Threads that are early wait for their turn: positions are to be asked for in order, each once,
    by threads that begin in that order.
    """

    def __init__(self, open_reader: Callable[[Event], PageReader]) -> None:
        """open_reader: opens the file; given the event that says the stream is being closed."""
        self._open_reader = open_reader
        self._reader: PageReader | None = None
        self._turn = Condition()
        self._next = 0
        self._ended = False

    @property
    def ended(self) -> bool:
        """Whether all positions that are still asked for lie past the last page."""
        return self._ended

    def read(self, position: int, cancelled: Event) -> Page | None:
        """The page at `position`; None past the last one, but never for the first.

        Raises ImageError or MissingPackage for a page that cannot be read; for the first if the
        whole file cannot or holds none, which ends the sequence.
        """
        with self._turn:
            while self._next != position and not self._ended:
                if cancelled.is_set():
                    raise ImageError("The page was no longer wanted.")
                self._turn.wait(_POLL_S)
        try:
            return None if self._ended else self._read_next(position, cancelled)
        finally:
            with self._turn:
                self._next = position + 1
                self._turn.notify_all()

    def close(self) -> None:
        """Frees the file. Not while a thread reads."""
        self._ended = True
        if self._reader is not None:
            self._reader.close()
            self._reader = None

    def _read_next(self, position: int, cancelled: Event) -> Page | None:
        if self._reader is None:
            try:
                self._reader = self._open_reader(cancelled)
            except InstsegError:
                self._ended = True
                raise
        page = self._reader.read()
        if page is None:
            self.close()
            if position == 0:
                raise ImageError("The file holds no pages or frames.")
        return page


@dataclass(frozen=True, eq=False)
class PageTicket:
    """Stands for a page that has not been read.

    again  reads the page by itself, later, knowing the time of the frame
    """

    sequence: PageSequence
    position: int
    again: Callable[[float | None], Page]

    def read(self, cancelled: Event) -> Page | None:
        """See PageSequence.read."""
        return self.sequence.read(self.position, cancelled)

    def reader(self, page: Page) -> Callable[[], Pixels]:
        """Gives the page's pixels later on: those at hand while something else still holds them,
        as a stream does until it goes on; else read again."""
        kept = weakref.ref(page.pixels)
        time_s = page.time_s

        def pixels() -> Pixels:
            at_hand = kept()
            return self.again(time_s).pixels if at_hand is None else at_hand

        return pixels
