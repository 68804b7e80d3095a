"""Names and contents of the files that `instseg predict --output` writes."""

import os
from collections import deque
from collections.abc import Sequence
from pathlib import Path

from instseg.errors import InvalidArgument
from instseg.picture_file import PICTURE_SUFFIXES
from instseg.result import MaskFormat, Result
from instseg.sources import SourceItem

# Part of every name, so that no photo and no annotation beside it is ever overwritten.
_MARK = "_segmented"


class OutputFiles:
    """Writes the results of known items into one folder, each under a name of its own.

    The names of items that are one picture are chosen, and looked for in the folder, before the
    first is written; those of pages and frames as they come.
    """

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
        self._json = json
        self._picture = picture
        self._overwrite = overwrite
        self._taken: set[str] = set()
        self._planned: dict[tuple[str | None, str], deque[list[Path]]] = {}
        for item in items:
            paths = self._free_paths(item.name, item.source)
            self._planned.setdefault((item.source, item.name), deque()).append(paths)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            present = {path.name for path in folder.iterdir()}
        except OSError as error:
            raise InvalidArgument(
                f"{folder} cannot be used as the output folder: {error.strerror}."
            ) from error
        planned = [path.name for several in self._planned.values() for p in several for path in p]
        old = [name for name in planned if name in present]
        if old and not overwrite:
            raise InvalidArgument(
                f"The output folder {folder} holds {old[0]} already"
                + (f", and {len(old) - 1} more of the files to write" if len(old) > 1 else "")
                + ". Choose another folder, or give --overwrite."
            )

    def write(self, result: Result) -> None:
        """Writes the files of one result. Raises OSError, ImageError or InvalidArgument."""
        planned = self._planned.get((result.source, result.source_name))
        if result.page_index is None and planned:
            paths = planned.popleft()
        else:
            paths = self._free_paths(result.source_name, result.source)
            old = [path for path in paths if path.exists()]
            if old and not self._overwrite:
                raise InvalidArgument(
                    f"{old[0]} exists already. Choose another folder, or give --overwrite."
                )
        for path in paths:
            result.save(path, mask_format=self._mask_format)

    def _free_paths(self, name: str, source: str | None) -> list[Path]:
        stem = free_stem(name, self._taken)
        suffixes = [".json"] if self._json else []
        suffixes += [picture_suffix(source)] if self._picture else []
        return [self._folder / f"{stem}{suffix}" for suffix in suffixes]


def free_stem(name: str, taken: set[str]) -> str:
    """A stem that is not taken, and is from now on: photo_segmented, photo_2_segmented, ...

    Names that differ only in case count as equal, as on some file systems.
    """
    name = "".join("_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in name)
    name = os.fsencode(name)[:120].decode(errors="ignore") or "image"  # names end at 255 bytes
    stem, number = name + _MARK, 1
    while stem.casefold() in taken:
        number += 1
        stem = f"{name}_{number}{_MARK}"
    taken.add(stem.casefold())
    return stem


def picture_suffix(source: str | None) -> str:
    """The source's own, where pictures can be written in that format, else .png."""
    suffix = Path(source or "").suffix.lower()
    return suffix if suffix in PICTURE_SUFFIXES else ".png"
