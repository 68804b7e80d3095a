"""Real photos of scikit-image, and the image of the records, as the files a user has."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parity.workplace import reference_dir
from PIL import Image
from skimage import data


@dataclass(frozen=True)
class Photo:
    """name: of the file; what: for the report; make: the picture."""

    name: str
    what: str
    make: Callable[[], Image.Image]

    def file(self, folder: Path) -> Path:
        """Writes the photo unless it is there."""
        path = folder / self.name
        if not path.exists():
            folder.mkdir(parents=True, exist_ok=True)
            options = {"quality": 95} if path.suffix == ".jpg" else {}
            self.make().save(path, **options)
        return path


def _cat() -> Image.Image:
    return Image.fromarray(data.chelsea()).crop((90, 20, 330, 280))


def _coffee() -> Image.Image:
    return Image.fromarray(data.coffee())


def _motorcycle() -> Image.Image:
    """scikit-image bundles no larger photo: the middle third is enlarged."""
    strip = Image.fromarray(data.stereo_motorcycle()[0]).crop((0, 130, 741, 377))
    return strip.resize((3072, 1024), Image.Resampling.BICUBIC)


def _strip() -> Image.Image:
    strip = Image.fromarray(data.stereo_motorcycle()[0]).crop((0, 190, 741, 314))
    return strip.resize((3072, 514), Image.Resampling.BICUBIC)


def _recorded() -> Image.Image:
    file = reference_dir() / "parity" / "images.py"
    spec = importlib.util.spec_from_file_location(file.stem, file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Image.fromarray(module.image(480, 640, 0))


CAT = Photo("cat.png", "240 x 260, PNG: the head of `chelsea`, cut out", _cat)
COFFEE = Photo("coffee.jpg", "600 x 400, JPEG: `coffee`", _coffee)
MOTORCYCLE = Photo(
    "motorcycle.jpg",
    "3072 x 1024, JPEG: a strip of `stereo_motorcycle` (741 x 247), enlarged bicubically",
    _motorcycle,
)
STRIP = Photo(
    "strip.jpg",
    "3072 x 514, JPEG: a lower strip (741 x 124) of it; R-CNNs and PP-YOLOE_seg-S, as Paddle needs "
    "more than 20 GB for 100 masks of the other",
    _strip,
)

RECORDED = Photo(
    "recorded.png",
    "640 x 480, PNG: the image of the shared data's records (drawn, not a photo)",
    _recorded,
)

PHOTOS = (CAT, COFFEE, MOTORCYCLE)
LOW_PHOTOS = (CAT, COFFEE, STRIP, RECORDED)
