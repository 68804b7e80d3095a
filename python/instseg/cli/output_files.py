"""Names and contents of the files that `instseg predict --output` writes."""

import os
from pathlib import Path

from instseg.picture_file import PICTURE_SUFFIXES
from instseg.result import MaskFormat, Result

# Part of every name, so that no photo and no annotation beside it is ever overwritten.
_MARK = "_segmented"


class OutputFiles:
    """Writes results into one folder, each under a name of its own."""

    def __init__(self, folder: Path, *, json: bool, picture: bool, mask_format: MaskFormat) -> None:
        """Makes the folder. Raises OSError."""
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._json = json
        self._picture = picture
        self._mask_format = mask_format
        self._taken: set[str] = set()

    def write(self, result: Result) -> list[Path]:
        """Writes the result's files and returns their paths. Raises OSError or ImageError."""
        stem = self.free_stem(result.source_name)
        paths = []
        if self._json:
            paths.append(self._folder / f"{stem}.json")
            result.save(paths[-1], mask_format=self._mask_format)
        if self._picture:
            suffix = Path(result.source or "").suffix.lower()
            suffix = suffix if suffix in PICTURE_SUFFIXES else ".png"
            paths.append(self._folder / f"{stem}{suffix}")
            result.save(paths[-1])
        return paths

    def free_stem(self, name: str) -> str:
        """A stem not given before: photo_segmented, photo_2_segmented, ...

        Names that differ only in case count as equal, as on some file systems.
        """
        name = "".join(
            "_" if letter in '/\\:*?"<>|' or ord(letter) < 32 else letter for letter in name
        )
        name = os.fsencode(name)[:120].decode(errors="ignore") or "image"  # names end at 255 bytes
        stem, number = name + _MARK, 1
        while stem.casefold() in self._taken:
            number += 1
            stem = f"{name}_{number}{_MARK}"
        self._taken.add(stem.casefold())
        return stem
