"""Image files: decoded whole, many at a time."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from instseg.encoded_image import image_pixels, open_image
from instseg.errors import ImageError
from instseg.image_arrays import DEFAULT_MAX_IMAGE_PIXELS


@dataclass(frozen=True)
class ImageFacts:
    """What is known of one file.

    fault      code of the problem that keeps it from being read, and `message`; None: it was read
    size       height, width, upright as its EXIF orientation says
    stored     height, width as stored
    mode       Pillow's
    digest     of the upright pixels as 8-bit RGB or grey; equal for equal pictures
    """

    fault: str | None = None
    message: str = ""
    size: tuple[int, int] = (0, 0)
    stored: tuple[int, int] = (0, 0)
    mode: str = ""
    digest: bytes = b""


def look_at(path: Path) -> ImageFacts:
    """Reads and decodes a file; never raises for what is in it."""
    try:
        if not path.is_file():
            return ImageFacts("image-missing", _missing(path))
        data = path.read_bytes()
    except (OSError, ValueError) as error:
        return ImageFacts("image-unreadable", str(error))
    if not data:
        return ImageFacts("image-empty", "the file has zero bytes")
    try:
        image = open_image(io.BytesIO(data), path.name)
        try:
            stored, mode = (image.height, image.width), image.mode
            pixels = image_pixels(image, path.name, DEFAULT_MAX_IMAGE_PIXELS)
        finally:
            image.close()
    except ImageError as error:
        return ImageFacts("image-unreadable", str(error))
    digest = hashlib.blake2b(digest_size=16)
    digest.update(repr(pixels.array.shape).encode())
    digest.update(pixels.array.tobytes())
    return ImageFacts(None, "", pixels.size, stored, mode, digest.digest())


def _missing(path: Path) -> str:
    """With the name that differs in upper and lower case or suffix alone, where there is one."""
    if path.is_dir():
        return "it is a folder"
    wanted = path.name.casefold()
    try:
        names = sorted(os.listdir(path.parent))
    except OSError:
        return "there is no such folder"
    near = [name for name in names if name.casefold() == wanted]
    near += [name for name in names if Path(name).stem == path.stem and name not in near]
    return f'there is no such file, but "{near[0]}"' if near else "there is no such file"


@contextmanager
def looking(paths: Sequence[Path], num_workers: int | None) -> Iterator[Iterator[ImageFacts]]:
    """Facts in the order of `paths`; decoding begins at once, in threads (Pillow frees the lock).

    num_workers: None: one per processor, at most eight.
    """
    workers = num_workers or min(8, os.cpu_count() or 1)
    pool = ThreadPoolExecutor(workers, "instseg-check")
    try:
        yield pool.map(look_at, paths)
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
