"""The picture that a LabelMe file is about."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from instseg.encoded_image import IMAGE_SUFFIXES
from instseg_train.dataset_tools.check.image_files import ImageFacts
from instseg_train.dataset_tools.problems import Problems, quoted


class PictureFinder:
    """Knows the files of images/."""

    def __init__(self, root: Path) -> None:
        folder = root / "images"
        self._names: set[str] = set()
        self._by_stem: dict[str, list[str]] = {}
        for path in sorted(folder.rglob("*")) if folder.is_dir() else ():
            if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
                name = path.relative_to(folder).as_posix()
                self._names.add(name)
                self._by_stem.setdefault(path.stem, []).append(name)

    def find(self, file: str, content: dict[str, Any], problems: Problems) -> str | None:
        """Name in images/, with forward slashes; None where there is none: then it is told.

        file: the JSON file, relative to the data set. imagePath may be of any machine: its steps
        from the end are tried, the longest first ("a/b.jpg" before "b.jpg"). Else the picture with
        the JSON file's own name is taken, and that is told too.
        """
        path = content.get("imagePath")
        text = path if isinstance(path, str) and "\0" not in path else ""
        steps = [step for step in re.split(r"[/\\]", text) if step.strip() not in ("", ".", "..")]
        for begin in range(len(steps)):
            name = "/".join(steps[begin:])
            if name in self._names:
                return name
        beside = self._by_stem.get(Path(file).stem, [])
        if len(beside) == 1:
            told = f"imagePath is {quoted(path)}, images/{beside[0]} was taken"
            problems.add("image-path-mismatch", file, "imagePath", told)
            return beside[0]
        if not steps:
            problems.add("image-path", file, "imagePath", f"it is {quoted(path)}")
        else:
            message = f"images/ has neither {quoted(steps[-1])} nor one picture "
            message += f"named like the file ({Path(file).stem}.*)"
            problems.add("image-missing", file, "imagePath", message)
        return None


def check_size(file: str, content: dict[str, Any], facts: ImageFacts, problems: Problems) -> bool:
    """LabelMe turns pictures as their EXIF orientation says before it shows them, so its points and
    sizes are those of the upright picture. Files of other programs may not: that is an error."""
    height, width = facts.size
    own = (content.get("imageHeight"), content.get("imageWidth"))
    if None in own or own == (height, width):
        return True
    message = f"it says {quoted(own[1])} x {quoted(own[0])}, the file has {width} x {height}"
    if own == facts.stored:
        message += " upright; the shapes were drawn before its EXIF orientation was applied"
    problems.add("image-size", file, "imageWidth, imageHeight", message)
    return False
