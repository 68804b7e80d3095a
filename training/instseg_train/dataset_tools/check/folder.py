"""Where the data set lies below the folder that was given."""

from __future__ import annotations

import os
from pathlib import Path

from instseg_train.dataset_tools.problems import Problems

SPLITS = ("train", "val")


def annotation_name(split: str) -> str:
    """As problems and messages call the file, relative to the data set's folder."""
    return f"annotations/instance_{split}.json"


def find_root(dataset_dir: Path, problems: Problems) -> Path | None:
    """The folder that holds images/: `dataset_dir`, else the only one below it, as in PaddleX."""
    if not dataset_dir.is_dir():
        kind = "is a file" if dataset_dir.exists() else "does not exist"
        problems.add("dataset-missing", os.fspath(dataset_dir), "", kind)
        return None
    if (dataset_dir / "images").is_dir():
        return dataset_dir
    found = _below(dataset_dir)
    if len(found) == 1:
        return found[0]
    if not found:
        problems.add(
            "images-folder-missing",
            os.fspath(dataset_dir),
            "",
            f"neither here nor below; it holds {_content(dataset_dir)}",
        )
    else:
        names = ", ".join(os.path.relpath(path, dataset_dir) for path in found[:5])
        more = f" and {len(found) - 5} more" if len(found) > 5 else ""
        problems.add("images-folder-ambiguous", os.fspath(dataset_dir), "", f"{names}{more}")
    return None


def _below(folder: Path) -> list[Path]:
    """Folders that hold images/, hidden ones and those inside of images/ left out."""
    found = []
    for parent, folders, _ in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        if "images" in folders:
            found.append(Path(parent))
            folders.remove("images")
    return found


def _content(folder: Path) -> str:
    names = sorted(entry.name for entry in folder.iterdir())
    if not names:
        return "nothing"
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")
