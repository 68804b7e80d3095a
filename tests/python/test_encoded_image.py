"""Decoding: the pixels that cv2.imdecode(IMREAD_COLOR) gives, or a clear error."""

import io
import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pictures import encoded, photo
from PIL import Image

from instseg.encoded_image import bytes_pixels, file_pixels, pil_pixels
from instseg.errors import ImageError
from instseg.image_arrays import DEFAULT_MAX_IMAGE_PIXELS as LIMIT

PHOTO = photo()
GREY = PHOTO[..., 0]
ALPHA = np.dstack([PHOTO, PHOTO[..., 1]])
DEEP = (GREY.astype(np.uint16) << 8) | PHOTO[..., 1]

DEEP_COLOUR = np.dstack([DEEP, DEEP[::-1], DEEP[:, ::-1]])


def decode(data: bytes, max_pixels: int = LIMIT) -> NDArray[np.uint8]:
    return bytes_pixels(data, name="picture", max_pixels=max_pixels).rgb()


def by_opencv(data: bytes) -> NDArray[np.uint8]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image[..., ::-1]


def by_opencv_encoded(suffix: str, image: NDArray[np.generic]) -> bytes:
    done, data = cv2.imencode(suffix, image)
    assert done
    return data.tobytes()


def palette_picture(transparency: bool) -> bytes:
    picture = Image.fromarray(PHOTO).quantize(17)
    return encoded(picture, "PNG", **({"transparency": bytes(range(17))} if transparency else {}))


def with_orientation(orientation: int, format_name: str, **options: object) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return encoded(PHOTO, format_name, exif=exif, **options)


LIKE_OPENCV = {
    "jpeg": encoded(PHOTO, "JPEG", quality=90),
    "jpeg 4:4:4": encoded(PHOTO, "JPEG", quality=95, subsampling=0),
    "jpeg 4:2:2": encoded(PHOTO, "JPEG", quality=80, subsampling=1),
    "jpeg progressive": encoded(PHOTO, "JPEG", progressive=True),
    "jpeg odd size": encoded(photo(37, 51), "JPEG"),
    "jpeg grey": encoded(GREY, "JPEG"),
    "jpeg exif damaged": encoded(PHOTO, "JPEG", exif=b"Exif\0\0MM\0*\0\0\xff\xff nonsense"),
    "jpeg icc": encoded(PHOTO, "JPEG", icc_profile=b"not applied"),
    "jpeg 1x1": encoded(photo(1, 1), "JPEG"),
    "jpeg 1x2000": encoded(photo(1, 2000), "JPEG"),
    "png": encoded(PHOTO),
    "png grey": encoded(GREY),
    "png alpha": encoded(ALPHA),
    "png grey alpha": encoded(Image.merge("LA", [Image.fromarray(GREY)] * 2)),
    "png palette": palette_picture(transparency=False),
    "png palette transparent": palette_picture(transparency=True),
    "png bits": encoded(Image.fromarray(GREY).convert("1")),
    "png 2 bits": encoded(Image.fromarray(GREY).quantize(4), bits=2),
    "png 16 bit grey": by_opencv_encoded(".png", DEEP),
    "png 16 bit colour": by_opencv_encoded(".png", DEEP_COLOUR),
    "png 16 bit alpha": by_opencv_encoded(".png", np.dstack([DEEP_COLOUR, DEEP])),
    "bmp": encoded(PHOTO, "BMP"),
    "bmp palette": encoded(Image.fromarray(PHOTO).quantize(17), "BMP"),
    "bmp grey": encoded(GREY, "BMP"),
    "ppm": encoded(PHOTO, "PPM"),
    "pgm": encoded(GREY, "PPM"),
    "pbm": encoded(Image.fromarray(GREY).convert("1"), "PPM"),
    "pgm 16 bit": by_opencv_encoded(".pgm", DEEP),
    "tiff": encoded(PHOTO, "TIFF"),
    "tiff lzw": encoded(PHOTO, "TIFF", compression="tiff_lzw"),
    "tiff grey": encoded(GREY, "TIFF"),
    "tiff 16 bit grey": by_opencv_encoded(".tiff", DEEP),
    "webp": encoded(PHOTO, "WEBP", quality=80),
    "webp lossless": encoded(PHOTO, "WEBP", lossless=True),
    "webp alpha": encoded(ALPHA, "WEBP", lossless=True, exact=True),
    "sun raster": by_opencv_encoded(".ras", PHOTO),
    **{f"jpeg exif {i}": with_orientation(i, "JPEG") for i in range(1, 10)},
    **{f"png exif {i}": with_orientation(i, "PNG") for i in (1, 6)},
    **{f"webp exif {i}": with_orientation(i, "WEBP", lossless=True) for i in (1, 6)},
    **{f"tiff orientation {i}": with_orientation(i, "TIFF") for i in range(1, 9)},
}


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data:UserWarning")
@pytest.mark.parametrize("kind", LIKE_OPENCV)
def test_pixels_equal_those_of_opencv(kind: str) -> None:
    np.testing.assert_array_equal(decode(LIKE_OPENCV[kind]), by_opencv(LIKE_OPENCV[kind]))


@pytest.mark.parametrize(
    "data",
    [
        # libtiff rounds 16 bits to 8, we take the upper eight: at most one level apart.
        by_opencv_encoded(".tiff", DEEP_COLOUR),
        # CMYK: (255 - c) * k / 255 rounded here, >> 8 in OpenCV: at most one level apart.
        encoded(Image.fromarray(PHOTO).convert("CMYK"), "JPEG", quality=95),
    ],
)
def test_pixels_next_to_those_of_opencv(data: bytes) -> None:
    ours, theirs = decode(data).astype(int), by_opencv(data).astype(int)
    assert np.abs(ours - theirs).max() <= 1


@pytest.mark.parametrize("format_name", ["PNG", "TIFF", "WEBP"])
def test_alpha_is_dropped_not_blended(format_name: str) -> None:
    options = {"lossless": True, "exact": True} if format_name == "WEBP" else {}
    np.testing.assert_array_equal(decode(encoded(ALPHA, format_name, **options)), PHOTO)


@pytest.mark.parametrize("format_name", ["GIF", "PNG", "WEBP", "TIFF"])
def test_of_an_animation_or_several_pages_the_first_counts(format_name: str) -> None:
    first, second = (Image.fromarray(image).quantize(200) for image in (PHOTO, PHOTO[::-1]))
    frames = {"save_all": True, "append_images": [second]}
    options = {"lossless": True} if format_name == "WEBP" else {}
    if format_name in ("WEBP", "PNG"):
        first, frames["append_images"] = first.convert("RGB"), [second.convert("RGB")]
    data = encoded(first, format_name, **frames, **options)
    np.testing.assert_array_equal(decode(data), np.asarray(first.convert("RGB")))


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_pil_image_is_turned_as_its_file_would_be(orientation: int) -> None:
    data = with_orientation(orientation, "PNG")
    with Image.open(io.BytesIO(data)) as image:
        ours = pil_pixels(image, max_pixels=LIMIT)
        np.testing.assert_array_equal(ours.rgb(), decode(data))


MODES = ["1", "L", "LA", "La", "P", "PA", "RGB", "RGBA", "RGBX", "RGBa", "CMYK", "YCbCr", "HSV"]


@pytest.mark.parametrize("mode", MODES)
def test_pil_modes(mode: str) -> None:
    source = Image.fromarray(PHOTO).convert("RGBA")
    image = (source.convert("LA") if mode == "La" else source).convert(mode)
    plain = {"La": "LA", "RGBa": "RGBA", "PA": "RGBA"}.get(mode, mode)
    expected = image.convert(plain).convert("RGB")
    ours = pil_pixels(image, max_pixels=LIMIT)
    np.testing.assert_array_equal(ours.rgb(), np.asarray(expected))


def test_pil_sixteen_bits() -> None:
    image = Image.fromarray(DEEP)
    assert image.mode == "I;16"
    np.testing.assert_array_equal(pil_pixels(image, max_pixels=LIMIT).rgb()[..., 0], DEEP >> 8)
    wide = Image.fromarray(DEEP.astype(np.int32))
    np.testing.assert_array_equal(pil_pixels(wide, max_pixels=LIMIT).rgb()[..., 0], DEEP >> 8)


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (Image.fromarray(np.zeros((4, 4), np.float32)), "mode 'F'"),
        (Image.fromarray(np.full((4, 4), 70000, np.int32)), "beyond 16 bits"),
        (Image.fromarray(np.full((4, 4), -1, np.int32)), "beyond 16 bits"),
        (Image.new("LAB", (4, 4)), "mode 'LAB'"),
        (Image.new("RGB", (0, 4)), "is empty"),
    ],
)
def test_pil_images_that_are_no_pictures(image: Image.Image, words: str) -> None:
    with pytest.raises(ImageError, match=words):
        pil_pixels(image, max_pixels=LIMIT)


def test_a_pil_image_stays_as_it_was() -> None:
    image = Image.fromarray(PHOTO).quantize(8)
    image.info["transparency"] = 3
    before = image.tobytes()
    pil_pixels(image, max_pixels=LIMIT)
    assert (image.mode, image.info["transparency"], image.tobytes()) == ("P", 3, before)


# Pillow warns about cut TIFF and EXIF blocks on the way to the error.
@pytest.mark.filterwarnings("ignore::UserWarning")
@pytest.mark.parametrize("kind", [k for k in LIKE_OPENCV if " exif" not in k and "1x1" not in k])
def test_a_truncated_file_is_an_error_or_whole_never_grey(kind: str) -> None:
    data = LIKE_OPENCV[kind]
    whole = decode(data)
    errors = 0
    for sixteenths in range(16):
        cut = data[: len(data) * sixteenths // 16]
        try:
            pixels = decode(cut)
        except ImageError:
            errors += 1
        else:  # only what follows the pixels was lost
            np.testing.assert_array_equal(pixels, whole)
    assert errors >= 14


@pytest.mark.parametrize("kind", ["jpeg", "jpeg progressive", "png"])
def test_a_large_truncated_file_is_an_error_at_every_cut(kind: str) -> None:
    options = {"progressive": True} if kind == "jpeg progressive" else {}
    data = encoded(photo(300, 400), "PNG" if kind == "png" else "JPEG", **options)
    for sixteenths in range(1, 16):
        with pytest.raises(ImageError, match=r"^picture is (truncated or )?damaged|truncated"):
            decode(data[: len(data) * sixteenths // 16])


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\xff", "not an image of a known format"),
        (b"P", "not an image of a known format"),
        (b"hello, I am a text", "not an image of a known format"),
        (b"%PDF-1.7 and so on", "not an image of a known format"),
        (b"\x89PNG\r\n\x1a\n", "damaged"),
        (b"\xff\xd8\xff\xe0", "damaged"),
        (b"GIF89a", "damaged"),
        (b"RIFF\x10\0\0\0WEBPVP8 ", "damaged"),
        (b"BM" + bytes(60), "damaged"),
        (b"P6 10 10 255\n", "truncated or damaged"),
        (b"P6 0 10 255\n", "is empty|damaged"),
    ],
)
def test_what_is_no_image(data: bytes, words: str) -> None:
    with pytest.raises(ImageError, match=words) as caught:
        decode(data)
    assert str(caught.value).startswith("picture")


@pytest.mark.filterwarnings("ignore::UserWarning")
@settings(max_examples=300)
@given(st.sampled_from(sorted(LIKE_OPENCV)), st.data())
def test_a_damaged_file_is_never_worse_than_an_image_error(kind: str, data: st.DataObject) -> None:
    content = bytearray(LIKE_OPENCV[kind])
    for _ in range(data.draw(st.integers(1, 6))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        pixels = decode(bytes(content), max_pixels=1_000_000)
    except ImageError:
        return
    assert pixels.dtype == np.uint8
    assert pixels.shape[2] == 3


def bomb(width: int, height: int) -> bytes:
    """A PNG that only claims its size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        checksum = zlib.crc32(kind + body)
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    idat = chunk(b"IDAT", zlib.compress(b""))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + idat + chunk(b"IEND", b"")


@pytest.mark.parametrize(("width", "height"), [(65000, 65000), (178_956_971, 1), (13378, 13377)])
def test_a_gigantic_image_is_refused_by_its_header(width: int, height: int) -> None:
    with pytest.raises(ImageError, match=rf"{width} x {height} = {width * height} pixels"):
        decode(bomb(width, height))


def test_the_limit_can_be_set_both_ways() -> None:
    data = encoded(PHOTO)
    np.testing.assert_array_equal(decode(data, max_pixels=48 * 64), PHOTO)
    with pytest.raises(ImageError, match="max_image_pixels"):
        decode(data, max_pixels=48 * 64 - 1)
    with pytest.raises(ImageError, match="truncated or damaged"):  # gets past the header
        decode(bomb(20000, 1), max_pixels=20000)


def test_an_own_limit_above_that_of_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 100)
    for kind in ("jpeg", "png", "bmp", "ppm"):
        assert decode(LIKE_OPENCV[kind]).shape == PHOTO.shape, kind
    for kind in ("tiff", "webp"):  # their plugins insist on Pillow's limit
        with pytest.raises(ImageError, match=r"PIL\.Image\.MAX_IMAGE_PIXELS"):
            decode(LIKE_OPENCV[kind])


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "a picture.txt"  # the content counts, not the suffix
    path.write_bytes(LIKE_OPENCV["jpeg"])
    expected = decode(LIKE_OPENCV["jpeg"])
    for given_path in (path, str(path)):
        np.testing.assert_array_equal(file_pixels(given_path, max_pixels=LIMIT).rgb(), expected)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    os.mkfifo(tmp_path / "pipe.jpg")
    cases = {
        tmp_path / "missing.jpg": "does not exist",
        tmp_path: "is a folder; .*stream",
        tmp_path / "empty.jpg": "is empty",
        tmp_path / "pipe.jpg": "is not a file",
        Path("/dev/zero"): "is not a file",
        tmp_path / "empty.jpg" / "x.jpg": "cannot be read",
    }
    for path, words in cases.items():
        with pytest.raises(ImageError, match=words) as caught:
            file_pixels(path, max_pixels=LIMIT)
        assert str(path) in str(caught.value)
    with pytest.raises(ImageError, match="cannot be read"):
        file_pixels("a\0b.jpg", max_pixels=LIMIT)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission(tmp_path: Path) -> None:
    path = tmp_path / "secret.png"
    path.write_bytes(LIKE_OPENCV["png"])
    path.chmod(0)
    with pytest.raises(ImageError, match=r"cannot be read.*Permission denied"):
        file_pixels(path, max_pixels=LIMIT)


def test_a_file_changing_hands_leaves_no_handle_open(tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(LIKE_OPENCV["jpeg"][:200])
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(20):
        with pytest.raises(ImageError):
            file_pixels(path, max_pixels=LIMIT)
    assert len(os.listdir("/proc/self/fd")) <= before + 1
