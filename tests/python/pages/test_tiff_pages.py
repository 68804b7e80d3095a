"""Pages of TIFF files: counted, read in order, and a damaged one does not stop the others."""

import io
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import encoded, photo
from PIL import Image

from instseg import ImageError
from instseg.pages.page import Page
from instseg.pages.tiff_pages import TiffPages, count_pages

MAX = 10**8


def tiff(*images: Any, **options: Any) -> bytes:
    first, *others = (Image.fromarray(image) for image in images)
    out = io.BytesIO()
    first.save(out, "TIFF", save_all=True, append_images=others, **options)
    return out.getvalue()


def read_all(reader: TiffPages) -> list[Page | ImageError]:
    found: list[Page | ImageError] = []
    while True:
        try:
            page = reader.read()
        except ImageError as error:
            found.append(error)
            continue
        if page is None:
            reader.close()
            return found
        found.append(page)


def headers(data: bytes) -> list[int]:
    """Where the page headers of a little-endian TIFF lie."""
    places = []
    [place] = struct.unpack_from("<I", data, 4)
    while place:
        places.append(place)
        [entries] = struct.unpack_from("<H", data, place)
        [place] = struct.unpack_from("<I", data, place + 2 + 12 * entries)
    return places


@pytest.mark.parametrize("options", [{}, {"compression": "tiff_lzw"}, {"big_tiff": True}])
def test_pages_of_different_sizes_and_modes(options: dict[str, Any], tmp_path: Path) -> None:
    images = [photo(20, 30), photo(40, 10, seed=1)[..., 0], photo(5, 5, seed=2)]
    data = tiff(*images, **options)
    path = tmp_path / "a.tif"
    path.write_bytes(data)
    for content in (data, str(path)):
        assert count_pages(content) == 3
        pages = read_all(TiffPages(content, "a.tif", MAX))
        assert len(pages) == 3
        for page, image in zip(pages, images, strict=True):
            assert isinstance(page, Page)
            assert page.time_s is None
            expected = image if image.ndim == 3 else image[..., None].repeat(3, 2)
            np.testing.assert_array_equal(page.pixels.rgb(), expected)


def test_reading_may_begin_at_any_page() -> None:
    data = tiff(*(np.full((4, 4), value, np.uint8) for value in range(5)))
    page = TiffPages(data, "a", MAX, first=3).read()
    assert page is not None
    assert page.pixels.array.max() == 3
    assert TiffPages(data, "a", MAX, first=5).read() is None


def test_a_damaged_page_is_named_and_the_others_are_read() -> None:
    data = bytearray(tiff(*(photo(30, 30, seed=i) for i in range(3)), compression="tiff_lzw"))
    second = headers(bytes(data))[1]
    [entries] = struct.unpack_from("<H", data, second)
    for entry in range(second + 2, second + 2 + 12 * entries, 12):
        if struct.unpack_from("<H", data, entry) == (273,):  # StripOffsets
            struct.pack_into("<I", data, entry + 8, len(data) + 5)
    first, broken, third = read_all(TiffPages(bytes(data), "a.tif", MAX))
    assert isinstance(first, Page)
    assert isinstance(broken, ImageError)
    assert "Page 1 of a.tif" in str(broken)
    assert isinstance(third, Page)
    np.testing.assert_array_equal(third.pixels.rgb(), photo(30, 30, seed=2))


def test_a_damaged_header_ends_the_pages_with_an_error() -> None:
    data = bytearray(tiff(*(photo(30, 30, seed=i) for i in range(3))))
    first = headers(bytes(data))[0]
    [entries] = struct.unpack_from("<H", data, first)
    struct.pack_into("<I", data, first + 2 + 12 * entries, len(data) - 1)
    assert count_pages(bytes(data)) is None
    page, error = read_all(TiffPages(bytes(data), "a.tif", MAX))
    assert isinstance(page, Page)
    assert isinstance(error, ImageError)


def test_too_large_pages_are_refused_alone() -> None:
    data = tiff(photo(10, 10), photo(11, 10), photo(10, 10))
    kinds = [type(page) for page in read_all(TiffPages(data, "a", 100))]
    assert kinds == [Page, ImageError, Page]


def test_other_formats_under_the_suffix(tmp_path: Path) -> None:
    png = encoded(photo())
    assert count_pages(png) == 1
    assert len(read_all(TiffPages(png, "a.tif", MAX))) == 1
    assert count_pages(b"no image") == 1
    assert count_pages(str(tmp_path / "missing.tif")) == 1
    with pytest.raises(ImageError, match=r"a\.tif"):
        TiffPages(b"no image", "a.tif", MAX)
    with pytest.raises(ImageError, match="missing"):
        TiffPages(str(tmp_path / "missing.tif"), "missing.tif", MAX)
