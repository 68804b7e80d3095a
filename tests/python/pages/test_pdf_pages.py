"""Pages of PDF files: size, colours, damage."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from instseg import ImageError
from instseg.pages.pdf_pages import PdfPages

pytest.importorskip("pypdfium2", reason="pypdfium2 (extra pdf) is not installed")
MAX = 10**8


def pdf(*colours: str, size: tuple[int, int] = (36, 72)) -> bytes:
    """A page of one colour each; size in points (width, height)."""
    first, *others = (Image.new("RGB", size, colour) for colour in colours)
    out = io.BytesIO()
    first.save(out, "PDF", save_all=True, append_images=others, resolution=72)
    return out.getvalue()


def test_pages_are_drawn_at_144_dpi(tmp_path: Path) -> None:
    data = pdf("red", "blue")
    path = tmp_path / "a b.pdf"
    path.write_bytes(data)
    for content in (data, str(path)):
        reader = PdfPages(content, "a.pdf", MAX)
        for colour in ((255, 0, 0), (0, 0, 255)):
            page = reader.read()
            assert page is not None
            assert page.pixels.size == (144, 72)
            # Pillow stores the page as JPEG.
            assert abs(page.pixels.rgb()[70, 30].astype(int) - colour).max() <= 2
        assert reader.read() is None
        reader.close()
        reader.close()


def test_reading_may_begin_at_any_page() -> None:
    reader = PdfPages(pdf("red", "blue", "lime"), "a.pdf", MAX, first=2)
    page = reader.read()
    assert page is not None
    assert page.pixels.rgb()[5, 5, 1] >= 253
    assert reader.read() is None
    reader.close()


def test_what_is_no_pdf(tmp_path: Path) -> None:
    for content in (b"%PDF-1.4 and no more", b"", str(tmp_path / "missing.pdf")):
        with pytest.raises(ImageError, match=r"a\.pdf cannot be read as PDF"):
            PdfPages(content, "a.pdf", MAX)


def test_too_large_pages_are_refused_before_they_are_drawn() -> None:
    reader = PdfPages(pdf("red", size=(100, 100)), "a.pdf", 200 * 200 - 1)
    with pytest.raises(ImageError, match=r"Page 0 of a\.pdf is too large: 200 x 200"):
        reader.read()
    assert reader.read() is None
    reader.close()


def test_a_page_that_is_missing_is_an_error_and_the_others_are_read() -> None:
    data = pdf("red", "blue", "lime")
    assert data.count(b"/Type /Page\n") == 3
    second = data.index(b"/Type /Page\n", data.index(b"/Type /Page\n") + 1)
    broken = bytearray(data)
    broken[second : second + 11] = b"/Type /Pxxx"
    reader = PdfPages(bytes(broken), "a.pdf", MAX)
    found: list[object] = []
    for _ in range(3):
        try:
            page = reader.read()
            assert page is not None
            found.append(np.asarray(page.pixels.rgb()[5, 5]).argmax())
        except ImageError as error:
            found.append(str(error))
    reader.close()
    assert found[0] == 0
    assert "Page 1 of a.pdf" in str(found[1])
    assert found[2] == 1
