"""Whatever a caller has as an image: the same prediction as for its plain pixels."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback_server import LoopbackServer, Served
from numpy.typing import NDArray
from pictures import encoded, photo
from PIL import Image

from instseg import ImageError, InvalidArgument, Predictor, Result

RGB = photo(70, 110, seed=4)
BGR = np.ascontiguousarray(RGB[..., ::-1])


@pytest.fixture(scope="module")
def predictor(tiny_model: Path) -> Predictor:
    return Predictor(tiny_model, num_threads=2)


def assert_equal(result: Result, expected: Result) -> None:
    assert len(expected) > 3
    assert result.image_size == expected.image_size
    for name in ("boxes", "scores", "class_ids"):
        np.testing.assert_array_equal(getattr(result, name), getattr(expected, name))
    assert result.masks.rle() == expected.masks.rle()


def padded(array: NDArray[Any]) -> NDArray[Any]:
    """The same pixels inside a larger array: rows have gaps between them."""
    height, width = array.shape[:2]
    large = np.full((height + 6, width + 9, *array.shape[2:]), 255, array.dtype)
    large[2 : 2 + height, 3 : 3 + width] = array
    return large[2 : 2 + height, 3 : 3 + width]


def reversed_memory(array: NDArray[Any]) -> NDArray[Any]:
    """The same pixels, stored from the last row to the first and from right to left."""
    return np.ascontiguousarray(array[::-1, ::-1])[::-1, ::-1]


ARRANGEMENTS: dict[str, Callable[[NDArray[Any]], NDArray[Any]]] = {
    "contiguous": np.ascontiguousarray,
    "fortran": np.asfortranarray,
    "padded": padded,
    "reversed": reversed_memory,
    "every second": lambda a: np.repeat(np.repeat(a, 2, 0), 2, 1)[::2, ::2],
    "read-only": lambda a: np.frombuffer(a.tobytes(), a.dtype).reshape(a.shape),
    "subclass": lambda a: a.view(np.memmap),
}


@pytest.mark.parametrize("arrange", ARRANGEMENTS.values(), ids=ARRANGEMENTS.keys())
def test_arrays_however_they_lie_in_memory(
    predictor: Predictor, arrange: Callable[[NDArray[Any]], NDArray[Any]]
) -> None:
    colour = predictor.predict(RGB, color="rgb")
    grey = predictor.predict(np.repeat(RGB[..., :1], 3, axis=2))
    bgra = np.dstack([BGR, np.arange(RGB.shape[0] * RGB.shape[1]).reshape(RGB.shape[:2]) % 256])
    wide = BGR.astype(np.uint16) * 256 + 77
    assert_equal(predictor.predict(arrange(BGR)), colour)
    assert_equal(predictor.predict(arrange(RGB), color="rgb"), colour)
    assert_equal(predictor.predict(arrange(bgra.astype(np.uint8))), colour)
    assert_equal(predictor.predict(arrange(wide)), colour)
    assert_equal(predictor.predict(arrange(wide.astype(">u2"))), colour)
    assert_equal(predictor.predict(arrange(RGB[..., 0])), grey)
    assert_equal(predictor.predict(arrange(RGB[..., :1])), grey)


def test_files_bytes_and_pil_images(predictor: Predictor, tmp_path: Path) -> None:
    expected = predictor.predict(BGR)
    path = tmp_path / "photo.png"
    path.write_bytes(encoded(RGB))
    data = path.read_bytes()
    for image in (path, str(path), data, bytearray(data), memoryview(data)):
        assert_equal(predictor.predict(image), expected)
        # color= is about arrays; a file knows its own.
        assert_equal(predictor.predict(image, color="rgb"), expected)
    for picture in (Image.fromarray(RGB), Image.open(io.BytesIO(data))):
        assert_equal(predictor.predict(picture), expected)


@pytest.mark.parametrize("format_name", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_formats_without_loss(predictor: Predictor, format_name: str) -> None:
    data = encoded(RGB, format_name, **({"lossless": True} if format_name == "WEBP" else {}))
    assert_equal(predictor.predict(data), predictor.predict(BGR))


def test_jpeg_is_what_pillow_decodes(predictor: Predictor) -> None:
    data = encoded(RGB, "JPEG", quality=90)
    with Image.open(io.BytesIO(data)) as picture:
        pixels = np.asarray(picture)
    assert_equal(predictor.predict(data), predictor.predict(pixels, color="rgb"))


def test_an_address(predictor: Predictor, server: LoopbackServer) -> None:
    server.files["/some/street%20photo.png?x=1"] = Served(encoded(RGB))
    url = f"{server.url}/some/street%20photo.png?x=1"
    result = predictor.predict(url)
    assert_equal(result, predictor.predict(BGR))
    assert (result.source, result.source_name) == (url, "street photo")
    result.plot()  # from the bytes that came: the address is asked once
    assert len(server.requests) == 1


def test_an_address_that_fails_is_an_image_error(
    predictor: Predictor, server: LoopbackServer
) -> None:
    with pytest.raises(ImageError, match=r"missing\.png could not be fetched: .*404"):
        predictor.predict(f"{server.url}/missing.png")


# Orientation -> how the stored pixels are turned to stand upright (EXIF 2.32, 4.6.5.1.6).
TURNS: dict[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: np.rot90(a, -1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: np.rot90(a, 1),
}


@pytest.mark.parametrize("orientation", TURNS)
def test_exif_orientation_is_applied(predictor: Predictor, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    upright = np.ascontiguousarray(TURNS[orientation](RGB))
    result = predictor.predict(encoded(RGB, "PNG", exif=exif))
    assert_equal(result, predictor.predict(upright, color="rgb"))
    np.testing.assert_array_equal(result.plot(boxes=False, masks=False, labels=False), upright)


def test_the_image_is_left_as_it_was(predictor: Predictor) -> None:
    array = BGR.copy()
    picture = Image.fromarray(RGB)
    predictor.predict(array).plot()
    predictor.predict(picture).plot()
    np.testing.assert_array_equal(array, BGR)
    np.testing.assert_array_equal(np.asarray(picture), RGB)


BAD: list[tuple[Any, type[Exception], str]] = [
    (None, InvalidArgument, r"cannot be of type builtins\.NoneType; expected a path"),
    (BGR.astype(np.float32), InvalidArgument, r"dtype float32.*\.round\(\)\.astype\(np\.uint8\)"),
    (BGR.transpose(2, 0, 1), InvalidArgument, r"channels come first, give array\.transpose"),
    (BGR[None], InvalidArgument, r"predict_batch\(list\(array\)\)"),
    (BGR[..., :2], InvalidArgument, r"grey with alpha"),
    (BGR[:0], ImageError, "is empty: 110 x 0 pixels"),
    ([BGR], InvalidArgument, r"predict_batch\(\) or stream\(\)"),
    (b"", ImageError, "zero bytes"),
    (b"not a picture", ImageError, "not an image of a known format"),
    (encoded(RGB)[:-200], ImageError, "truncated or damaged"),
    (encoded(RGB, "JPEG")[:-200], ImageError, "truncated or damaged"),
    ("no/such.jpg", ImageError, r"'no/such\.jpg' does not exist"),
    ("", ImageError, "'' does not exist"),
    (".", ImageError, r"is a folder; for the images in a folder call stream\(\)"),
    ("a\0b.png", ImageError, "cannot be read"),
    ("ftp://a/b.png", ImageError, r"does not exist\. An address begins with http://"),
]


@pytest.mark.parametrize(("image", "kind", "words"), BAD, ids=range(len(BAD)))
def test_what_is_no_image_is_refused_with_a_remedy(
    predictor: Predictor, image: Any, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words) as caught:
        predictor.predict(image)
    assert type(caught.value) is kind
    assert "\n" not in str(caught.value)


def test_a_gigantic_image_is_refused_before_it_is_decoded(predictor: Predictor) -> None:
    pixels = np.broadcast_to(np.zeros((1, 1, 3), np.uint8), (20000, 10000, 3))
    with pytest.raises(ImageError, match="200000000 pixels, the limit is 178956970"):
        predictor.predict(pixels)
    bomb = encoded(Image.new("1", (20000, 10000)))  # some kilobytes
    assert len(bomb) < 100_000
    with pytest.raises(ImageError, match="200000000 pixels, the limit is 178956970"):
        predictor.predict(bomb)


def test_a_batch_of_mixed_kinds_and_sizes_equals_single_predictions(
    tiny_model: Path, tmp_path: Path
) -> None:
    path = tmp_path / "p.png"
    path.write_bytes(encoded(photo(30, 31, 1)))
    images: list[Any] = [
        BGR,
        RGB[:50, :20, 0],
        path,
        encoded(photo(5, 200, 2)),
        Image.fromarray(RGB),
        photo(64, 64, 3),
        np.dstack([BGR, BGR[..., 0]]),
    ]
    for streams in (1, 2, 3):
        predictor = Predictor(tiny_model, num_threads=3, num_streams=streams)
        together = predictor.predict_batch(images, threshold=0.3, clip_masks=False)
        alone = [predictor.predict(i, threshold=0.3, clip_masks=False) for i in images]
        for result, expected in zip(together, alone, strict=True):
            assert_equal(result, expected)
        assert together[2].source == str(path)
        assert [r.source_name for r in together[:3]] == ["image_00000", "image_00001", "p"]


def test_batches_of_none_and_one(predictor: Predictor) -> None:
    assert predictor.predict_batch([]) == []
    [result] = predictor.predict_batch(iter([BGR]))
    assert_equal(result, predictor.predict(BGR))
    assert len(predictor.predict_batch(np.stack([BGR, BGR]))) == 2


def test_a_batch_with_an_unreadable_image_names_its_place(predictor: Predictor) -> None:
    with pytest.raises(ImageError, match=r"Image 1 of the batch: .*known format"):
        predictor.predict_batch([BGR, b"nothing", BGR])
    with pytest.raises(InvalidArgument, match=r"Image 0 of the batch: .*float64"):
        predictor.predict_batch([BGR / 255])


def test_one_array_is_no_batch(predictor: Predictor) -> None:
    for array in (BGR, BGR[..., 0]):
        with pytest.raises(InvalidArgument, match=r"is one image: give \[array\], or list\(array"):
            predictor.predict_batch(array)


@pytest.mark.parametrize("images", ["photos/", b"bytes", Path("a.png"), 5, None])
def test_a_batch_is_a_list_of_images(predictor: Predictor, images: Any) -> None:
    with pytest.raises(InvalidArgument, match=r"predict_batch\(\) takes a list of images"):
        predictor.predict_batch(images)
