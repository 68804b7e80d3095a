"""Image files and PIL images as pixels: what OpenCV's imdecode(IMREAD_COLOR) gives, by Pillow."""

import io
import os
import stat
import struct
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import (
    BmpImagePlugin,
    GifImagePlugin,
    Image,
    JpegImagePlugin,
    PngImagePlugin,
    PpmImagePlugin,
    SunImagePlugin,
    TiffImagePlugin,
    WebPImagePlugin,
)

from instseg.errors import ImageError
from instseg.image_arrays import Pixels, check_pixel_count
from instseg.pil_array import pil_array

# Suffixes of the files that a folder is searched for: PaddleX's list, without PDF.
IMAGE_SUFFIXES = (
    *(".bmp", ".dib", ".jpeg", ".jpg", ".png", ".webp", ".pbm", ".pgm", ".ppm", ".pnm"),
    *(".sr", ".ras", ".tiff", ".tif"),
)

_FORMATS = {
    plugin.format: plugin
    for plugin in (
        JpegImagePlugin.JpegImageFile,
        PngImagePlugin.PngImageFile,
        WebPImagePlugin.WebPImageFile,
        BmpImagePlugin.BmpImageFile,
        TiffImagePlugin.TiffImageFile,
        GifImagePlugin.GifImageFile,
        PpmImagePlugin.PpmImageFile,
        SunImagePlugin.SunImageFile,
        BmpImagePlugin.DibImageFile,
    )
}

_EXIF_ORIENTATION = 0x0112
_TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def file_pixels(path: str | os.PathLike[str], *, max_pixels: int) -> Pixels:
    """Decodes an image file. Raises ImageError that names the path."""
    name = os.fspath(path)
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise ImageError(f"{name} is not a file.")
            return _decode(file, name, max_pixels)
    except FileNotFoundError as error:
        hint = " An address begins with http:// or https://." if "://" in name else ""
        raise ImageError(f"{name!r} does not exist.{hint}") from error
    except IsADirectoryError as error:
        raise ImageError(
            f"{name} is a folder; for the images in a folder call stream()."
        ) from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        if isinstance(error, ImageError):
            raise
        raise ImageError(f"{name} cannot be read: {error}.") from error


def bytes_pixels(data: bytes | bytearray | memoryview, *, name: str, max_pixels: int) -> Pixels:
    """Decodes the content of an image file; `name` is what messages call it."""
    return _decode(io.BytesIO(data), name, max_pixels)


def pil_pixels(image: Image.Image, *, max_pixels: int) -> Pixels:
    """A PIL image of any mode; its EXIF orientation is applied."""
    return image_pixels(image, f"The PIL image of mode {image.mode}", max_pixels)


def _open_at_once(path: str, flags: int) -> int:
    """Opens without waiting: a pipe that nobody writes to must not stop the program."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _decode(file: IO[bytes], name: str, max_pixels: int) -> Pixels:
    image = open_image(file, name)
    try:
        return image_pixels(image, name, max_pixels)
    finally:
        image.close()


def open_image(file: IO[bytes], name: str) -> Image.Image:
    """Reads the header only.

    Goes to the plugins directly: Image.open would add its own limits from module state.
    """
    prefix = file.read(16)
    if not prefix:
        raise ImageError(f"{name} is empty (zero bytes).")
    reasons: list[str] = []
    for format_name in _FORMATS:
        factory, accept = Image.OPEN[format_name]
        try:
            if accept is not None and accept(prefix) is not True:
                continue
        except (IndexError, struct.error):  # fewer bytes than the format's signature has
            continue
        file.seek(0)
        try:
            return factory(file, name)
        except MemoryError:
            raise ImageError(f"{name}: not enough memory to read it.") from None
        except Image.DecompressionBombError as error:
            raise ImageError(
                f"{name} is too large for Pillow, which reads its format; raise "
                "PIL.Image.MAX_IMAGE_PIXELS."
            ) from error
        except Exception as error:  # plugins let all kinds through: struct.error, KeyError, ...
            reasons.append(f"{format_name}: {error}")
    if reasons:
        raise ImageError(f"{name} is damaged: its header cannot be read ({'; '.join(reasons)}).")
    formats = ", ".join(f for f in _FORMATS if f != "DIB")
    raise ImageError(f"{name} is not an image of a known format ({formats}).")


def image_pixels(image: Image.Image, name: str, max_pixels: int) -> Pixels:
    width, height = image.size
    check_pixel_count(height, width, max_pixels, name)
    try:
        image.load()
        return _array(_upright(image), name)
    except ImageError:
        raise
    except MemoryError:
        raise ImageError(f"{name}: not enough memory for {width} x {height} pixels.") from None
    except Image.DecompressionBombError as error:  # some plugins insist on Pillow's own limit
        raise ImageError(
            f"{name} of {width} x {height} pixels is too large for Pillow, which reads its format; "
            "raise PIL.Image.MAX_IMAGE_PIXELS."
        ) from error
    except Exception as error:  # decoders let all kinds through: OSError, SyntaxError, ...
        raise ImageError(f"{name} is truncated or damaged: {error}.") from error


def _upright(image: Image.Image) -> Image.Image:
    """Turned as its EXIF block says; a TIFF has been turned by its plugin already."""
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        return image
    exif = Image.Exif()
    try:
        exif.load(block)
        transposition = _TRANSPOSITIONS.get(exif.get(_EXIF_ORIENTATION, 1))
    except (OSError, SyntaxError, ValueError, TypeError, KeyError, IndexError, struct.error):
        return image  # a damaged EXIF block says nothing about the pixels
    return image if transposition is None else image.transpose(transposition)


def _array(image: Image.Image, name: str) -> Pixels:
    """Loaded image -> Pixels; 16-bit values keep their upper eight bits, alpha is dropped."""
    mode = image.mode
    if mode in ("La", "RGBa"):  # colours multiplied with alpha
        image = image.convert(mode.upper())
        mode = image.mode
    if mode in ("RGB", "RGBA", "RGBX"):
        return Pixels(pil_array(image.convert("RGB") if mode != "RGB" else image), "rgb")
    if mode == "L":
        return Pixels(pil_array(image), "gray")
    if mode == "LA":
        return Pixels(pil_array(image.getchannel("L")), "gray")
    if mode == "1":
        return Pixels(pil_array(image.convert("L")), "gray")
    if mode == "P":
        palette = np.zeros((256, 3), np.uint8)
        colours = np.array(image.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
        palette[: len(colours)] = colours
        return Pixels(palette[pil_array(image)], "rgb")
    if mode == "PA":
        return Pixels(pil_array(image.convert("RGBA").convert("RGB")), "rgb")
    if mode in ("CMYK", "YCbCr", "HSV"):
        return Pixels(pil_array(image.convert("RGB")), "rgb")
    if mode.startswith("I;16"):
        return Pixels((np.asarray(image) >> 8).astype(np.uint8), "gray")
    if mode == "I":
        return Pixels(_upper_bits(np.asarray(image), name), "gray")
    raise ImageError(
        f"{name} has pixels of mode {mode!r}, which is no 8- or 16-bit grey or colour image; "
        "convert it to 8-bit RGB."
    )


def _upper_bits(array: NDArray[np.int32], name: str) -> NDArray[np.uint8]:
    """Pillow holds some 16-bit grey files in 32 bits."""
    if array.size and (int(array.min()) < 0 or int(array.max()) > 0xFFFF):
        raise ImageError(f"{name} has grey values beyond 16 bits; convert it to 8 bits.")
    return (array >> 8).astype(np.uint8)
