"""The official model folder: which of its files count, and the hash over them."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from instseg.errors import ModelError

from .stat_memo import Stamps, stamps

CONFIG_NAMES = ("inference.yml", "infer_cfg.yml")
PROGRAM_NAMES = ("inference.json", "inference.pdmodel", "model.json", "model.pdmodel")
"""In the order in which they are preferred, as PaddleX does; `model.*` is PaddleDetection's."""
CHUNK_BYTES = 1 << 20


@dataclass(frozen=True)
class SourceFolder:
    """config, program and parameters of one model."""

    path: Path
    config: Path
    program: Path
    parameters: Path

    @property
    def files(self) -> tuple[Path, Path, Path]:
        return self.config, self.program, self.parameters


def find_source(path: str | Path) -> SourceFolder:
    """Raises ModelError, saying what is missing, where `path` is no official model folder."""
    folder = Path(path)
    try:
        if not folder.is_dir():
            raise ModelError(f"the model folder {folder} does not exist or is no folder")
        config = _first(folder, CONFIG_NAMES, "configuration")
        program = _first(folder, PROGRAM_NAMES, "program")
        parameters = _first(folder, (f"{program.stem}.pdiparams",), "parameter file")
    except OSError as error:  # a name that is too long, a folder that may not be entered
        raise ModelError(f"the model folder {folder} cannot be read: {error}") from None
    return SourceFolder(folder, config, program, parameters)


def _first(folder: Path, names: tuple[str, ...], what: str) -> Path:
    for name in names:
        if (folder / name).is_file():
            return folder / name
    raise ModelError(
        f"{folder} has no {what}: none of {', '.join(names)} is there; expected is an official "
        "folder with inference.yml, inference.json (or inference.pdmodel) and inference.pdiparams"
    )


@dataclass(frozen=True)
class Fingerprint:
    """The content of a model folder, and the state that its files were in when they were read."""

    sha256: str
    stamps: Stamps


def source_stamps(source: SourceFolder) -> Stamps:
    try:
        return stamps(source.files)
    except OSError as error:
        raise ModelError(f"cannot read the model folder {source.path}: {error}") from None


def fingerprint(
    source: SourceFolder, progress: Callable[[float], None] = lambda fraction: None
) -> Fingerprint:
    before = source_stamps(source)
    return Fingerprint(content_hash(source, progress), before)


def content_hash(
    source: SourceFolder, progress: Callable[[float], None] = lambda fraction: None
) -> str:
    """SHA-256 (hex) over names and contents of the files that an import reads."""
    total = hashlib.sha256()
    try:
        size = sum(path.stat().st_size for path in source.files)
        done = 0
        for path in source.files:
            digest = hashlib.sha256()
            with path.open("rb") as file:
                while chunk := file.read(CHUNK_BYTES):
                    digest.update(chunk)
                    done += len(chunk)
                    progress(min(done / max(size, 1), 1.0))
            total.update(f"{path.name}\0{digest.hexdigest()}\n".encode())
    except OSError as error:
        raise ModelError(f"cannot read the model folder {source.path}: {error}") from None
    return total.hexdigest()
