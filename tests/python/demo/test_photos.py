"""The photos of `instseg demo`."""

import subprocess
import sys

import numpy as np
import pytest
from skimage import data

from instseg import MissingPackage
from instseg.demo.photos import PHOTOS, demo_photos


def test_every_photo_is_rgb_and_has_a_name_of_its_own() -> None:
    photos = demo_photos()
    assert [photo.name for photo in photos] == list(PHOTOS)
    assert next(iter(PHOTOS)) == "coins"
    for photo in photos:
        assert photo.error is None
        assert photo.image.mode == "RGB"
        assert min(photo.image.size) > 100


def test_a_grey_photo_has_its_values_in_all_channels() -> None:
    pixels = np.asarray(PHOTOS["coins"]())
    np.testing.assert_array_equal(pixels, np.repeat(data.coins()[:, :, None], 3, axis=2))


def test_photos_are_files_of_scikit_image_itself() -> None:
    """Nothing is fetched: what scikit-image fetches, it fetches with pooch."""
    code = (
        "import sys\n"
        "sys.modules['pooch'] = None\n"
        "from instseg.demo.photos import demo_photos\n"
        "print(*(photo.name for photo in demo_photos()))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == list(PHOTOS)


def test_without_scikit_image_the_message_names_both_ways(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "skimage", None)
    with pytest.raises(MissingPackage) as raised:
        demo_photos()
    assert "pip install 'instseg[demo]'" in str(raised.value)
    assert "instseg demo IMAGE" in str(raised.value)
