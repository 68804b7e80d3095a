"""Names and contents of the files that `instseg predict` and `demo` write."""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from instseg.errors import InvalidArgument
from instseg.pages.expansion import page_kind
from instseg.picture_file import PICTURE_SUFFIXES
from instseg.result import MaskFormat, Result
from instseg.sources import SourceItem

# Part of every name, so that no photo and no annotation beside it is ever overwritten.
_MARK = "_segmented"


class OutputFiles:
    """Writes the results of known items into one folder, each under a name of its own."""

    def __init__(
        self,
        folder: Path,
        items: Sequence[SourceItem],
        *,
        json: bool,
        picture: bool,
        mask_format: MaskFormat,
        overwrite: bool,
    ) -> None:
        """Makes the folder.

        Raises InvalidArgument if it cannot be made, or holds files of these names and `overwrite`
        is false.
        """
        self._folder = folder
        self._mask_format = mask_format
        self._paths: list[list[Path]] = []
        self._taken: set[str] = set()
        for item in items:
            stem = free_stem(item.name, self._taken)
            suffixes = ([".json"] if json else []) + ([picture_suffix(item)] if picture else [])
            self._paths.append([folder / f"{stem}{suffix}" for suffix in suffixes])
        try:
            folder.mkdir(parents=True, exist_ok=True)
            present = {path.name for path in folder.iterdir()}
        except OSError as error:
            raise InvalidArgument(
                f"{folder} cannot be used as the output folder: {error.strerror}."
            ) from error
        old = [path.name for paths in self._paths for path in paths if path.name in present]
        for item in items:
            if page_kind(item.image) is not None:
                pages = re.compile(rf"{re.escape(clean_name(item.name))}_\d+{_MARK}\.\w+")
                old += sorted(name for name in present if pages.fullmatch(name))
        if old and not overwrite:
            raise InvalidArgument(
                f"The output folder {folder} holds {old[0]} already"
                + (f", and {len(old) - 1} more of the files to write" if len(old) > 1 else "")
                + ". Choose another folder, or give --overwrite."
            )

    def write(self, position: int, result: Result) -> list[Path]:
        """Writes the files of the item at `position`, or of a page of it (street_3_segmented).

        Returns their paths: JSON, picture. Raises OSError or ImageError.
        """
        paths = self._paths[position]
        if result.page_index is not None:
            stem = free_stem(result.source_name, self._taken)
            paths = [path.with_name(f"{stem}{path.suffix}") for path in paths]
        for path in paths:
            result.save(path, mask_format=self._mask_format)
        return paths


def free_stem(name: str, taken: set[str]) -> str:
    """A stem that is not taken, and is from now on: photo_segmented, photo_2_segmented, ...

    Names that differ only in case count as equal, as on some file systems.
    """
    name = clean_name(name)
    stem, number = name + _MARK, 1
    while stem.casefold() in taken:
        number += 1
        stem = f"{name}_{number}{_MARK}"
    taken.add(stem.casefold())
    return stem


def clean_name(name: str) -> str:
    """A name that every file system takes."""
    name = "".join("_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in name)
    return os.fsencode(name)[:120].decode(errors="ignore") or "image"  # names end at 255 bytes


def picture_suffix(item: SourceItem) -> str:
    """The source's own, where pictures can be written in that format, else .png."""
    suffix = Path(item.source or "").suffix.lower()
    return suffix if suffix in PICTURE_SUFFIXES else ".png"
