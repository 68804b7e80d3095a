"""The lists of annotation files of a LabelMe data set."""

from __future__ import annotations

from pathlib import Path

from instseg_train.dataset_tools.problems import Problems


def list_name(split: str) -> str:
    return f"{split}_anno_list.txt"


def read_lists(root: Path, problems: Problems) -> dict[str, list[str]]:
    """Split -> paths of JSON files relative to `root`, with forward slashes.

    An empty validation list counts as none: then there is no "val".
    """
    lists: dict[str, list[str]] = {}
    first: dict[str, tuple[str, int]] = {}
    for split in ("train", "val"):
        name = list_name(split)
        if not (root / name).is_file():
            if split == "train":
                problems.add("list-missing", name, "", f"{root / name} does not exist")
            continue
        paths = []
        for number, path in _lines(root, name, problems):
            place = f"line {number}"
            if path.startswith("/") or ".." in path.split("/") or path[1:2] == ":":
                problems.add("list-outside", name, place, f'"{path}"')
            elif path in first:
                other, line = first[path]
                code = "list-repeated" if other == split else "list-leak"
                message = f'"{path}" is line {line} of {list_name(other)}'
                problems.add(code, name, place, message)
            else:
                first[path] = (split, number)
                paths.append(path)
        if paths or split == "train":
            lists[split] = paths
    return lists


def _lines(root: Path, name: str, problems: Problems) -> list[tuple[int, str]]:
    """(line number from 1, path) of the lines that are not blank."""
    try:
        text = (root / name).read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        problems.add("list-encoding", name, f"byte {error.start}", error.reason)
        return []
    except OSError as error:
        problems.add("file-unreadable", name, "", str(error))
        return []
    lines = [line.strip().replace("\\", "/").removeprefix("./") for line in text.splitlines()]
    return [(number, line) for number, line in enumerate(lines, 1) if line]
