"""Real photos to try the demo model on; they come with scikit-image (extra `demo`)."""

from collections.abc import Callable
from importlib import import_module

from PIL import Image

from instseg.errors import MissingPackage
from instseg.optional_package import require
from instseg.sources import SourceItem


def _scikit_image(name: str) -> Image.Image:
    """skimage.data.NAME(): uint8 [H, W] or [H, W, 3], RGB."""
    return Image.fromarray(getattr(import_module("skimage.data"), name)()).convert("RGB")


# Name -> loader, in the order in which they are shown. Only photos inside scikit-image's wheel:
# others are fetched from the network.
PHOTOS: dict[str, Callable[[], Image.Image]] = {
    "coins": lambda: _scikit_image("coins"),  # 24 Greek coins from Pompeii, grey, 303 x 384
    "cell": lambda: _scikit_image("cell"),  # a red blood cell under the microscope, grey, 660 x 550
}


def demo_photos() -> list[SourceItem]:
    """All photos, RGB. Raises MissingPackage without scikit-image."""
    try:
        require("skimage", extra="demo", purpose="instseg demo without a picture of your own")
    except MissingPackage as error:
        raise MissingPackage(f"{error}, or give a picture: instseg demo IMAGE") from error
    return [SourceItem(load(), source=None, name=name) for name, load in PHOTOS.items()]
