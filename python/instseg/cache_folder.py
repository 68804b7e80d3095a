"""Where instseg keeps what it may make again: fetched models, imported and compiled networks."""

import os
from pathlib import Path

from instseg.errors import ModelError

CACHE_VARIABLE = "INSTSEG_CACHE_DIR"


def cache_folder(cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """`cache_dir`, else $INSTSEG_CACHE_DIR, else $XDG_CACHE_HOME/instseg, else ~/.cache/instseg.

    Absolute; makes nothing.
    """
    if cache_dir is not None:
        return Path(cache_dir).expanduser().absolute()
    if named := os.environ.get(CACHE_VARIABLE):
        return Path(named).expanduser().absolute()
    if base := os.environ.get("XDG_CACHE_HOME"):
        return Path(base).expanduser().absolute() / "instseg"
    try:
        return Path.home() / ".cache" / "instseg"
    except RuntimeError as error:  # no HOME and no entry in the user database
        raise ModelError(
            f"No place for the cache: this user has no home folder ({error}). Name a folder with "
            f"cache_dir= or the variable {CACHE_VARIABLE}."
        ) from error


def make_private_folder(folder: Path) -> Path:
    """Makes `folder` and its parents, the new ones readable by this user only; returns `folder`.

    Raises ModelError that names the remedy.
    """
    try:
        missing = [folder, *folder.parents]
        for part in reversed([p for p in missing if not p.exists()]):
            part.mkdir(mode=0o700, exist_ok=True)
        if not folder.is_dir():
            raise NotADirectoryError(f"{folder} is not a folder")
        if not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
            raise PermissionError(f"{folder} cannot be read and written by this user")
    except OSError as error:
        raise ModelError(
            f"The cache folder {folder} cannot be used: {error}. Name another one with cache_dir= "
            f"or the variable {CACHE_VARIABLE}."
        ) from error
    return folder
