"""What a stream is made of: paths, folders, patterns, addresses, images and lists of these."""

import glob
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import unquote, urlsplit

from instseg.dlpack_images import has_dlpack
from instseg.encoded_image import IMAGE_SUFFIXES
from instseg.errors import ImageError, InstsegError
from instseg.http_client import is_web_address

# A path, an address, the bytes of a file, a PIL image or an array; see image_input.py.
ImageInput: TypeAlias = Any


@dataclass(frozen=True, eq=False)
class SourceItem:
    """One image of a stream, not yet read.

    image   what to decode: a path (str), an address, bytes, a PIL image or an array
    source  the path or address; None for an image in memory
    name    a short name for files made from it: the file's stem, or image_00003 by position
    error   why there is no image; then `image` is None
    """

    image: ImageInput
    source: str | None
    name: str
    error: InstsegError | None = None


def list_items(
    source: object, *, suffixes: tuple[str, ...] = IMAGE_SUFFIXES
) -> Iterator[SourceItem]:
    """The images of `source`, in order.

    source    a path (str or Path) of a file or folder (searched recursively, sorted by path), a
              pattern (`*`, `?`, `[...]`, `**`; sorted), an http(s) address, bytes, a PIL image, an
              array, or an iterable of these, of iterables of these, and so on; iterables are read
              one entry at a time
    suffixes  of the files that folders are searched for, in lower case

    Items that were listed before may be among the entries; they stay as they are. What cannot be
    found becomes an item with an error, in its place.
    """
    for position, found in enumerate(_walk(source, suffixes)):
        if isinstance(found, SourceItem):
            yield found
            continue
        image, where, error = found
        name = source_name(where) if where is not None else f"image_{position:05d}"
        yield SourceItem(image, where, name, error)


def source_name(where: str) -> str:
    """The stem of a path's or an address's last part, or "image" where it has none."""
    path = unquote(urlsplit(where).path) if is_web_address(where) else where
    return Path(path).stem.strip() or "image"


_Found: TypeAlias = tuple[ImageInput, str | None, InstsegError | None]


def _walk(source: object, suffixes: tuple[str, ...]) -> Iterator[_Found | SourceItem]:
    if isinstance(source, SourceItem):
        yield source
    elif isinstance(source, str) and is_web_address(source):
        yield source, source, None
    elif isinstance(source, str | os.PathLike):
        yield from _walk_path(os.fspath(source), suffixes)
    elif _is_iterable_of_images(source):
        yield from _walk_iterable(source, suffixes)
    else:
        yield source, None, None


def _is_iterable_of_images(source: object) -> bool:
    """Whether to look inside. Bytes, arrays and PIL images can be iterated but are one image."""
    if isinstance(source, bytes | bytearray | memoryview) or hasattr(source, "__array_interface__"):
        return False
    return isinstance(source, Iterable) and not has_dlpack(source)


def _walk_iterable(source: Any, suffixes: tuple[str, ...]) -> Iterator[_Found | SourceItem]:
    for entry in source:
        yield from _walk(entry, suffixes)


def _walk_path(path: str | bytes, suffixes: tuple[str, ...]) -> Iterator[_Found]:
    text = os.fsdecode(path)
    expanded = os.path.expanduser(text)
    try:
        if os.path.isdir(expanded):
            yield from _walk_folder(expanded, suffixes)
        elif glob.has_magic(expanded) and not os.path.lexists(expanded):
            yield from _walk_pattern(expanded)
        else:
            yield expanded, expanded, None
    except ValueError as error:  # a NUL in the path
        yield None, text, ImageError(f"{text!r} is no path: {error}.")


def _walk_folder(folder: str, suffixes: tuple[str, ...]) -> Iterator[_Found]:
    errors: list[OSError] = []
    paths: list[str] = []
    for root, _, names in os.walk(folder, onerror=errors.append):
        paths += [os.path.join(root, name) for name in names if name.lower().endswith(suffixes)]
    for error in errors:
        where = str(error.filename or folder)
        yield None, where, ImageError(f"The folder {where} cannot be read: {error}.")
    if not paths and not errors:
        listed = " ".join(suffixes)
        yield None, folder, ImageError(f"The folder {folder} holds no image ({listed}).")
    for path in sorted(paths):
        yield path, path, None


def _walk_pattern(pattern: str) -> Iterator[_Found]:
    paths = sorted(p for p in glob.glob(pattern, recursive=True) if not os.path.isdir(p))
    if not paths:
        yield None, pattern, ImageError(f"The pattern {pattern} matches no file.")
    for path in paths:
        yield path, path, None
