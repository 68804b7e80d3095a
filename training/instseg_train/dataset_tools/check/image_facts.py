"""What the image files say, beside what their entries say."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path

from instseg_train.dataset_tools.check.image_entries import ImageEntry
from instseg_train.dataset_tools.check.image_files import ImageFacts
from instseg_train.dataset_tools.problems import Problems

HUGE_PIXELS = 100_000_000
TINY_SIDE = 1


def check_image(file: str, entry: ImageEntry, facts: ImageFacts, problems: Problems) -> None:
    """One entry of annotation file `file` and its image."""
    if facts.fault is not None:
        problems.add(facts.fault, file, entry.place, facts.message)
        return
    height, width = facts.size
    if entry.size is not None and entry.size != facts.size:
        own = f"width and height are {entry.size[1]} x {entry.size[0]}"
        if entry.size == facts.stored:
            message = f"{own}, upright the picture is {width} x {height}"
            problems.add("image-turned", file, entry.place, message)
        else:
            message = f"{own}, the file has {width} x {height}"
            problems.add("image-size", file, entry.place, message)
    if min(facts.size) <= TINY_SIDE:
        problems.add("image-tiny", file, entry.place, f"{width} x {height} pixels")
    if height * width > HUGE_PIXELS:
        problems.add("image-huge", file, entry.place, f"{width} x {height} pixels")


def note_modes(file: str, modes: Counter[str], problems: Problems) -> None:
    """modes: Pillow's name -> images of it."""
    for mode, count in sorted(modes.items()):
        if mode != "RGB":
            problems.add("image-mode", file, "images", f"{count} of mode {mode}")


def check_unlisted(
    root: Path, entries: Mapping[str, Sequence[ImageEntry]], problems: Problems
) -> None:
    """Files of images/ that neither annotation file names; hidden ones do not count."""
    listed = {entry.file_name for own in entries.values() for entry in own}
    folder = root / "images"
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(names):
            relative = (Path(parent) / name).relative_to(folder).as_posix()
            if not name.startswith(".") and relative not in listed:
                message = "no image entry names it"
                problems.add("image-unlisted", f"images/{relative}", "", message)
