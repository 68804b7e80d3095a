"""NumPy arrays as images: what is accepted, what is refused and why."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg.errors import ImageError, InvalidArgument

# Orders of the channels that the caller can state for arrays.
COLORS = ("bgr", "rgb")
# Pillow's own limit, and ours unless the caller says otherwise: 16 times 4K.
DEFAULT_MAX_IMAGE_PIXELS = 178_956_970


@dataclass(frozen=True, eq=False)
class Pixels:
    """An image as the C++ core takes it.

    array  uint8 [H, W] (grey) or [H, W, 3 or 4], the pixels of a row without gaps
    color  order of the channels: "bgr", "rgb", "gray", "bgra" or "rgba"; alpha is ignored
    """

    array: NDArray[np.uint8]
    color: str

    @property
    def size(self) -> tuple[int, int]:
        """(height, width)"""
        height, width = self.array.shape[:2]
        return int(height), int(width)

    def rgb(self) -> NDArray[np.uint8]:
        """A new array uint8 [H, W, 3] in RGB order, C-contiguous."""
        if self.color == "gray":
            return np.repeat(self.array.reshape(*self.size, 1), 3, axis=2)
        channels = self.array[..., :3]
        return np.array(channels[..., ::-1] if self.color.startswith("b") else channels, order="C")


def check_color(color: object) -> str:
    """Returns `color`; raises InvalidArgument unless it is one of COLORS."""
    if color not in COLORS:
        raise InvalidArgument(
            f"color={color!r} is unknown; expected 'bgr' (as OpenCV reads images) or 'rgb'."
        )
    return str(color)


def check_pixel_count(height: int, width: int, max_pixels: int, what: str) -> None:
    """Raises ImageError if height x width is zero or above max_pixels."""
    if height < 1 or width < 1:
        raise ImageError(f"{what} is empty: {width} x {height} pixels.")
    if height * width > max_pixels:
        raise ImageError(
            f"{what} is too large: {width} x {height} = {height * width} pixels, the limit is "
            f"{max_pixels}. Make it smaller, or raise max_image_pixels= of the Predictor."
        )


def array_pixels(
    array: NDArray[Any], *, color: str = "bgr", max_pixels: int = DEFAULT_MAX_IMAGE_PIXELS
) -> Pixels:
    """An array as Pixels; copies only where the type or the strides ask for it.

    array  uint8 or uint16, [H, W], [H, W, 1] (grey), [H, W, 3] or [H, W, 4] (alpha ignored);
           uint16 keeps its upper eight bits (value >> 8), as OpenCV reads 16-bit files
    color  "bgr" or "rgb": the order of the first three channels

    Raises InvalidArgument for any other type or shape, ImageError for an empty or too large image.
    """
    check_color(color)
    shape = tuple(int(length) for length in array.shape)
    what = f"The array of dtype {array.dtype} and shape {list(shape)}"
    if array.dtype.kind != "u" or array.dtype.itemsize > 2:
        raise InvalidArgument(
            f"{what} is no image: expected uint8 or uint16. {_dtype_remedy(array.dtype)}"
        )
    channels = shape[2] if len(shape) == 3 else 1
    if len(shape) not in (2, 3) or channels not in (1, 3, 4):
        raise InvalidArgument(
            f"{what} is no image: expected [H, W] grey, [H, W, 3] {color.upper()} or [H, W, 4] "
            f"{color.upper()}A. {_shape_remedy(shape)}"
        )
    check_pixel_count(shape[0], shape[1], max_pixels, what)
    plain = np.asarray(array)
    if plain.dtype.itemsize == 2:
        plain = (plain >> 8).astype(np.uint8)
    if channels == 1:
        plain = plain.reshape(shape[:2])
    name = {1: "gray", 3: color, 4: color + "a"}[channels]
    return Pixels(_rows_without_gaps(plain), name)


def _rows_without_gaps(array: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The array itself if each row's pixels follow each other and rows go forward; else a copy."""
    channels = array.shape[2] if array.ndim == 3 else 1
    packed = array.strides[1] == channels and array.strides[0] >= 0
    if array.ndim == 3:
        packed = packed and array.strides[2] == 1
    return array if packed else np.ascontiguousarray(array)


def _dtype_remedy(dtype: np.dtype[Any]) -> str:
    if dtype.kind == "f":
        return (
            "If its values are 0..255, give array.round().astype(np.uint8); if they are 0..1, "
            "(array * 255).round().astype(np.uint8)."
        )
    if dtype.kind == "b":
        return "Give array.astype(np.uint8) * 255."
    if dtype.kind in "iu":
        return "If its values are 0..255, give array.astype(np.uint8)."
    return "Give the pixels as numbers."


def _shape_remedy(shape: tuple[int, ...]) -> str:
    if len(shape) == 4:
        return "For several images call predict_batch(list(array))."
    if len(shape) == 3 and shape[2] == 2:
        return "If it is grey with alpha, give array[..., 0]."
    if len(shape) == 3 and shape[0] in (1, 3, 4):
        return "If the channels come first, give array.transpose(1, 2, 0)."
    return "Choose the channels to use, e.g. array[..., :3]."
