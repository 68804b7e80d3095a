"""The inputs: real photos, as JPEG files."""

from __future__ import annotations

from pathlib import Path

WIDTH, HEIGHT, QUALITY = 1920, 1080, 95


def default_photo(path: Path) -> Path:
    """Writes the photo unless it is there: scikit-image's `coffee` (600 x 400, Rachel Michetti,
    CC0), cut to 16:9 about its centre, enlarged bicubically, JPEG quality 95."""
    if path.exists():
        return path
    from PIL import Image
    from skimage import data

    photo = Image.fromarray(data.coffee())
    height = round(photo.width * HEIGHT / WIDTH)
    top = (photo.height - height) // 2
    cut = photo.crop((0, top, photo.width, top + height))
    path.parent.mkdir(parents=True, exist_ok=True)
    cut.resize((WIDTH, HEIGHT), Image.Resampling.BICUBIC).save(path, "JPEG", quality=QUALITY)
    return path


def coins(path: Path) -> Path:
    """Writes scikit-image's photo of 24 coins (303 x 384, grey) unless it is there."""
    if path.exists():
        return path
    from PIL import Image
    from skimage import data

    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(data.coins()).save(path, "JPEG", quality=QUALITY)
    return path
