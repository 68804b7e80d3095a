"""Images that are in both files, or in one of them several times under other names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from instseg_train.dataset_tools.check.folder import annotation_name
from instseg_train.dataset_tools.check.image_entries import ImageEntry
from instseg_train.dataset_tools.problems import Problems


def check_leakage(
    entries: Mapping[str, Sequence[ImageEntry]], digests: Mapping[str, bytes], problems: Problems
) -> None:
    """entries: split -> images; digests: file name -> digest of its pixels, of those readable."""
    first: dict[str, ImageEntry] = {}
    of_digest: dict[bytes, tuple[str, ImageEntry]] = {}
    for split in ("train", "val"):
        for entry in entries[split]:
            name = entry.file_name
            if name is None:
                continue
            if split == "val" and name in first:
                message = f'"{name}" is images[{first[name].index}] of training'
                problems.add("leak-file", annotation_name(split), entry.place, message)
                continue
            if split == "train":
                first.setdefault(name, entry)
            digest = digests.get(name)
            if digest is None:
                continue
            other_split, other = of_digest.setdefault(digest, (split, entry))
            if other.file_name == name:
                continue
            code = "image-repeated" if other_split == split else "leak-content"
            where = "" if other_split == split else " of training"
            message = f'its pixels are those of "{other.file_name}", images[{other.index}]{where}'
            problems.add(code, annotation_name(split), entry.place, message)
