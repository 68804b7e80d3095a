"""Listing what a stream is made of."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import encoded, photo, write_photo
from PIL import Image

from instseg.errors import ImageError
from instseg.sources import SourceItem, list_items, source_name


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Pictures at several depths among other files."""
    for name in ("b.png", "a.JPG", "sub/c.webp", "sub/deep/d.tif", "z.bmp"):
        write_photo(tmp_path / "tree" / name)
    for name in ("note.txt", "sub/model.onnx", "scan.pdf", "film.mp4"):
        (tmp_path / "tree" / name).write_text("")
    return tmp_path / "tree"


def where(source: Any) -> list[str | None]:
    items = list(list_items(source))
    assert all(item.error is None for item in items)
    return [item.source for item in items]


def test_a_folder_is_searched_recursively_in_order(tree: Path) -> None:
    names = ["a.JPG", "b.png", "sub/c.webp", "sub/deep/d.tif", "z.bmp"]
    assert where(tree) == [str(tree / name) for name in names]
    assert where(str(tree)) == where(tree)
    assert where(f"{tree}/") == where(tree)


def test_patterns(tree: Path) -> None:
    assert where(f"{tree}/*.png") == [str(tree / "b.png")]
    assert where(f"{tree}/[a-b].*") == [str(tree / "a.JPG"), str(tree / "b.png")]
    assert where(f"{tree}/**/*.tif") == [str(tree / "sub/deep/d.tif")]


def test_a_pattern_takes_any_suffix_but_no_folder(tree: Path) -> None:
    assert str(tree / "note.txt") in where(f"{tree}/*")
    assert str(tree / "sub") not in where(f"{tree}/*")


def test_a_file_whose_name_looks_like_a_pattern_is_that_file(tmp_path: Path) -> None:
    path = write_photo(tmp_path / "a[1].png")
    assert where(path) == [str(path)]


def test_files_are_taken_whatever_their_suffix(tree: Path) -> None:
    assert where(tree / "note.txt") == [str(tree / "note.txt")]


def test_addresses_are_taken_as_they_are() -> None:
    urls = ["http://a/b.png", "HTTPS://a/*.png"]
    assert where(urls) == urls


def test_images_in_memory() -> None:
    images = [photo(), encoded(photo()), bytearray(b"x"), Image.fromarray(photo())]
    items = list(list_items(images))
    assert all(item.image is image for item, image in zip(items, images, strict=True))
    assert [item.source for item in items] == [None] * 4
    assert [item.name for item in items] == [f"image_{i:05d}" for i in range(4)]


def test_a_single_image_in_memory_is_one_item() -> None:
    for image in (photo(), encoded(photo()), Image.fromarray(photo())):
        assert len(list(list_items(image))) == 1


def test_any_mix_in_order(tree: Path) -> None:
    array = photo()
    mix = [tree / "z.bmp", [f"{tree}/*.png", (array, "http://a/x.jpg")], tree / "sub"]
    items = list(list_items(mix))
    assert [item.source for item in items] == [
        str(tree / "z.bmp"),
        str(tree / "b.png"),
        None,
        "http://a/x.jpg",
        str(tree / "sub/c.webp"),
        str(tree / "sub/deep/d.tif"),
    ]
    assert items[2].image is array


def test_generators_are_read_one_entry_at_a_time() -> None:
    read = []

    def camera() -> Iterator[np.ndarray]:
        for i in range(10):
            read.append(i)
            yield photo()

    items = list_items(camera())
    next(items)
    next(items)
    assert read == [0, 1]


def test_listed_items_pass_through(tree: Path) -> None:
    items = list(list_items(tree))
    assert list(list_items([items[:2], items[2:]])) == items


@pytest.mark.parametrize("odd", [None, 3, 2.5, object()])
def test_what_is_no_source_becomes_an_item_for_the_decoder_to_refuse(odd: object) -> None:
    assert [item.image for item in list_items([odd])] == [odd]


def errors(source: Any) -> list[str]:
    items = list(list_items(source))
    assert all(isinstance(item.error, ImageError) and item.image is None for item in items)
    return [f"{item.source}: {item.error}" for item in items]


def test_an_empty_folder_and_a_pattern_without_match(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    [folder] = errors(tmp_path / "empty")
    assert "holds no image" in folder
    [pattern] = errors(f"{tmp_path}/*.png")
    assert "matches no file" in pattern
    assert list(list_items([])) == []


def test_a_missing_file_is_left_to_the_decoder(tmp_path: Path) -> None:
    assert where(tmp_path / "missing.png") == [str(tmp_path / "missing.png")]


def test_a_path_with_a_nul_is_an_error() -> None:
    items = list(list_items(["a\0b", "a\0*"]))
    assert len(items) == 2  # the decoder refuses what the listing let through


def test_a_link_that_leads_in_a_circle_ends(tree: Path) -> None:
    (tree / "sub" / "round").symlink_to(tree)
    assert len(where(tree)) == 5


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("a/b/street.jpg", "street"),
        ("street", "street"),
        ("a.b.png", "a.b"),
        (".hidden", ".hidden"),
        ("http://h/x/pic%20one.png?size=3#top", "pic one"),
        ("http://h/", "image"),
        ("http://h", "image"),
        ("a/..", ".."),
    ],
)
def test_names(path: str, name: str) -> None:
    assert source_name(path) == name


def test_items_are_compared_by_identity() -> None:
    assert SourceItem(photo(), None, "a") != SourceItem(photo(), None, "a")
