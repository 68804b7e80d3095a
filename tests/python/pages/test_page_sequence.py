"""Pages read by several threads: each once, in order, opened late and closed at the end."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from instseg import ImageError
from instseg.image_arrays import Pixels
from instseg.pages.page import Page
from instseg.pages.page_sequence import PageSequence, PageTicket


class Counted:
    """Three pages, the second of which cannot be read."""

    def __init__(self) -> None:
        self.position = 0
        self.closed = 0
        self.inside = threading.Lock()

    def read(self) -> Page | None:
        assert self.inside.acquire(blocking=False), "two threads read at once"
        try:
            time.sleep(0.002)
            self.position += 1
            if self.position == 2:
                raise ImageError("page 1 is damaged")
            if self.position > 3:
                return None
            pixels = np.full((1, 1), self.position - 1, np.uint8)
            return Page(Pixels(pixels, "gray"), float(self.position))
        finally:
            self.inside.release()

    def close(self) -> None:
        self.closed += 1


def value(page: Page | None) -> int | None:
    return None if page is None else int(page.pixels.array[0, 0])


def test_the_file_is_opened_with_the_first_page_and_closed_after_the_last() -> None:
    reader = Counted()
    opened = []
    sequence = PageSequence(lambda _: opened.append(1) or reader)
    go_on = threading.Event()
    assert not opened
    assert value(sequence.read(0, go_on)) == 0
    with pytest.raises(ImageError, match="page 1"):
        sequence.read(1, go_on)
    assert value(sequence.read(2, go_on)) == 2
    assert (len(opened), reader.closed, sequence.ended) == (1, 0, False)
    assert sequence.read(3, go_on) is None
    assert (reader.closed, sequence.ended) == (1, True)
    assert sequence.read(4, go_on) is None
    sequence.close()
    assert reader.closed == 1


def test_threads_wait_for_their_turn() -> None:
    for _ in range(20):
        sequence = PageSequence(lambda _: Counted())

        def read(position: int, sequence: PageSequence = sequence) -> object:
            try:
                return value(sequence.read(position, threading.Event()))
            except ImageError as error:
                return str(error)

        with ThreadPoolExecutor(4) as pool:
            found = list(pool.map(read, range(6)))
        assert found == [0, "page 1 is damaged", 2, None, None, None]


def test_a_file_that_cannot_be_opened_is_one_error() -> None:
    def refuse(_: threading.Event) -> Counted:
        raise ImageError("no such file")

    sequence = PageSequence(refuse)
    with pytest.raises(ImageError, match="no such file"):
        sequence.read(0, threading.Event())
    assert sequence.ended
    assert sequence.read(1, threading.Event()) is None


def test_a_file_without_pages_is_one_error() -> None:
    """So that every file of a stream has a result."""
    reader = Counted()
    reader.position = 3
    sequence = PageSequence(lambda _: reader)
    with pytest.raises(ImageError, match="holds no pages"):
        sequence.read(0, threading.Event())
    assert (sequence.ended, reader.closed) == (True, 1)
    assert sequence.read(1, threading.Event()) is None


def test_a_thread_that_waits_gives_up_when_nobody_wants_the_page() -> None:
    sequence = PageSequence(lambda _: Counted())
    cancelled = threading.Event()
    cancelled.set()
    with pytest.raises(ImageError, match="no longer wanted"):
        sequence.read(1, cancelled)


def test_pixels_are_read_again_only_when_they_are_gone() -> None:
    asked = []

    def again(time_s: float | None) -> Page:
        asked.append(time_s)
        return Page(Pixels(np.full((1, 1), 9, np.uint8), "gray"))

    sequence = PageSequence(lambda _: Counted())
    page = sequence.read(0, threading.Event())
    assert page is not None
    pixels = PageTicket(sequence, 0, again).reader(page)
    assert pixels() is page.pixels
    assert not asked
    del page
    assert pixels().array[0, 0] == 9
    assert asked == [1.0]
    sequence.close()
