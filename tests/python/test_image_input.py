"""Whatever may be called an image."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pictures import encoded, photo
from PIL import Image

from instseg.errors import ImageError, InvalidArgument
from instseg.image_input import load_pixels

PHOTO = photo()
PNG = encoded(PHOTO)


@pytest.mark.parametrize("color", ["bgr", "rgb"])
def test_all_kinds_give_the_same_pixels(tmp_path: Path, color: str) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(PNG)
    array = PHOTO if color == "rgb" else PHOTO[..., ::-1]
    kinds: list[Any] = [path, str(path), PNG, bytearray(PNG), memoryview(PNG), array]
    kinds += [Image.fromarray(PHOTO), Image.open(io.BytesIO(PNG))]
    for image in kinds:
        np.testing.assert_array_equal(load_pixels(image, color=color).rgb(), PHOTO)


def test_the_home_folder_may_be_written_as_tilde(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "a.png").write_bytes(PNG)
    assert load_pixels("~/a.png").size == (48, 64)


class Tensor:
    def __array__(self) -> Any:
        return PHOTO


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (None, "NoneType"),
        (3, r"builtins\.int"),
        ([PHOTO], r"list.*predict_batch"),
        ((PHOTO, PHOTO), r"tuple.*predict_batch"),
        ({"img": PHOTO}, "dict"),
        (Tensor(), r"Tensor.*numpy\.asarray"),
        (io.BytesIO(PNG), "BytesIO"),
    ],
)
def test_everything_else_is_refused(image: Any, words: str) -> None:
    with pytest.raises(InvalidArgument, match=words) as caught:
        load_pixels(image)
    assert not isinstance(caught.value, ImageError)


def test_bytes_are_called_by_their_length() -> None:
    with pytest.raises(ImageError, match="The image of 5 bytes"):
        load_pixels(b"hello")
    with pytest.raises(ImageError, match=r"^camera 1 is not an image"):
        load_pixels(b"hello", name="camera 1")


@pytest.mark.parametrize("kind", ["path", "bytes", "array", "pil"])
def test_the_limit_holds_for_every_kind(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    image = {
        "path": tmp_path / "a.png",
        "bytes": PNG,
        "array": PHOTO,
        "pil": Image.fromarray(PHOTO),
    }[kind]
    with pytest.raises(ImageError, match="64 x 48 = 3072 pixels, the limit is 3071"):
        load_pixels(image, max_pixels=3071)
