"""Arrays as images: every accepted kind, every refusal with its remedy."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray
from pictures import photo

from instseg.errors import ImageError, InvalidArgument
from instseg.image_arrays import array_pixels

PHOTO = photo(20, 30)


@pytest.mark.parametrize(
    ("array", "color", "expected_color", "rgb"),
    [
        (PHOTO, "bgr", "bgr", PHOTO[..., ::-1]),
        (PHOTO, "rgb", "rgb", PHOTO),
        (np.dstack([PHOTO, PHOTO[..., 0]]), "bgr", "bgra", PHOTO[..., ::-1]),
        (np.dstack([PHOTO, PHOTO[..., 0]]), "rgb", "rgba", PHOTO),
        (PHOTO[..., 0], "bgr", "gray", PHOTO[..., [0, 0, 0]]),
        (PHOTO[..., :1], "rgb", "gray", PHOTO[..., [0, 0, 0]]),
    ],
)
def test_accepted_kinds(
    array: NDArray[np.uint8], color: str, expected_color: str, rgb: NDArray[np.uint8]
) -> None:
    pixels = array_pixels(array, color=color)
    assert pixels.color == expected_color
    assert pixels.size == (20, 30)
    np.testing.assert_array_equal(pixels.rgb(), rgb)


@pytest.mark.parametrize("dtype", ["<u2", ">u2"])
def test_sixteen_bits_keep_their_upper_eight(dtype: str) -> None:
    values = np.array([[0, 255, 256, 511, 65279, 65280, 65535]], dtype)
    assert array_pixels(values).array.tolist() == [[0, 0, 1, 1, 254, 255, 255]]


def test_contiguous_arrays_are_not_copied() -> None:
    assert np.shares_memory(array_pixels(PHOTO).array, PHOTO)
    wide = photo(20, 60)
    assert np.shares_memory(array_pixels(wide[:, 10:40]).array, wide)  # rows with gaps between
    assert np.shares_memory(array_pixels(wide[::2]).array, wide)


@pytest.mark.parametrize(
    "view",
    [
        PHOTO[::-1],
        PHOTO[:, ::-1],
        PHOTO[..., ::-1],
        PHOTO[:, ::3],
        PHOTO.transpose(1, 0, 2),
        np.asfortranarray(PHOTO),
        PHOTO[..., 1],
        np.broadcast_to(PHOTO[:1], (9, 30, 3)),
        np.broadcast_to(PHOTO[:, :1], (20, 9, 3)),
        np.broadcast_to(np.uint8(7), (20, 9)),
    ],
)
def test_any_strides_give_the_same_pixels_in_packed_rows(view: NDArray[np.uint8]) -> None:
    array = array_pixels(view).array
    np.testing.assert_array_equal(array, view)
    assert array.strides[0] >= 0
    assert array.strides[1:] == ((array.shape[2], 1) if array.ndim == 3 else (1,))


@pytest.mark.parametrize(
    ("array", "words"),
    [
        (np.zeros((4, 5, 3), np.float32), r"float32 and shape \[4, 5, 3\].*round\(\)\.astype"),
        (np.zeros((4, 5, 3), np.float64), "float64"),
        (np.zeros((4, 5, 3), np.int64), r"int64.*astype\(np\.uint8\)"),
        (np.zeros((4, 5, 3), np.uint32), "uint32"),
        (np.zeros((4, 5, 3), np.int8), "int8"),
        (np.zeros((4, 5), bool), r"bool.*\* 255"),
        (np.zeros((4, 5), complex), "complex128"),
        (np.array([["a", "b"]]), "<U1"),
        (np.array([[None]]), "object"),
        (np.zeros((4, 5, 2), np.uint8), r"shape \[4, 5, 2\].*\[\.\.\., 0\]"),
        (np.zeros((4, 5, 5), np.uint8), r"shape \[4, 5, 5\]"),
        (np.zeros((3, 50, 70), np.uint8), r"transpose\(1, 2, 0\)"),
        (np.zeros((2, 4, 5, 3), np.uint8), "predict_batch"),
        (np.zeros(12, np.uint8), r"shape \[12\]"),
        (np.zeros((), np.uint8), r"shape \[\]"),
    ],
)
def test_refused_kinds_name_type_shape_and_remedy(array: NDArray[Any], words: str) -> None:
    with pytest.raises(InvalidArgument, match=words) as caught:
        array_pixels(array)
    assert not isinstance(caught.value, ImageError)


@pytest.mark.parametrize("shape", [(0, 5, 3), (5, 0, 3), (0, 0), (0, 5)])
def test_empty_images(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="is empty"):
        array_pixels(np.zeros(shape, np.uint8))


def test_gigantic_images_are_refused_without_touching_them() -> None:
    array = np.broadcast_to(np.uint16(0), (60000, 60000, 3))
    with pytest.raises(ImageError, match="3600000000 pixels, the limit is 178956970"):
        array_pixels(array)
    assert array_pixels(np.zeros((10, 10), np.uint8), max_pixels=100).size == (10, 10)
    with pytest.raises(ImageError, match="the limit is 99"):
        array_pixels(np.zeros((10, 10), np.uint8), max_pixels=99)


@pytest.mark.parametrize("color", ["BGR", "gray", "", None, 3])
def test_unknown_color(color: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected 'bgr'"):
        array_pixels(PHOTO, color=color)


@given(
    hnp.arrays(
        dtype=hnp.scalar_dtypes() | hnp.unicode_string_dtypes(),
        shape=hnp.array_shapes(min_dims=0, max_dims=4, max_side=5),
    )
)
def test_any_array_is_taken_exactly_or_refused(array: NDArray[Any]) -> None:
    try:
        pixels = array_pixels(array)
    except InvalidArgument:
        return
    expected = array if array.dtype == np.uint8 else array.astype(np.uint32) // 256
    assert pixels.array.dtype == np.uint8
    np.testing.assert_array_equal(pixels.array.ravel(), expected.ravel())


def test_rgb_gives_an_array_of_its_own() -> None:
    for color in ("bgr", "rgb"):
        rgb = array_pixels(PHOTO, color=color).rgb()
        assert rgb.flags.c_contiguous
        assert rgb.flags.writeable
        assert not np.shares_memory(rgb, PHOTO)
