"""Pretrained weights by address: fetched once, then from the cache."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from filelock import FileLock

from instseg.cache_folder import cache_folder, make_private_folder
from instseg.download import download
from instseg.errors import DownloadError
from instseg_train.weights.checkpoint import MAX_CHECKPOINT_BYTES

# Where official weights lie by default; each file name is NAME_pretrained.pdparams.
OFFICIAL_WEIGHTS_URL = (
    "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_pretrained_model"
)
WEIGHTS_DIR_VARIABLE = "INSTSEG_WEIGHTS_DIR"


def is_url(text: str) -> bool:
    return text.startswith(("http://", "https://"))


def official_weights_url(name: str) -> str:
    """The COCO weights of an official model."""
    return f"{OFFICIAL_WEIGHTS_URL}/{name}_pretrained.pdparams"


def fetch_weights(url: str, cache_dir: str | os.PathLike[str] | None = None) -> Path:
    """The file at `url`: from $INSTSEG_WEIGHTS_DIR, from the cache, or fetched into it (resumed
    where an earlier try stopped).

    Raises DownloadError, which says where to put the file on a machine without a network.
    """
    name = Path(urlsplit(url).path).name
    if folder := os.environ.get(WEIGHTS_DIR_VARIABLE):
        own = Path(folder).expanduser() / name
        if own.is_file():
            return own
    # Files of one name can come from several addresses.
    store = cache_folder(cache_dir) / "weights" / sha256(url.encode()).hexdigest()[:12]
    file = store / name
    if file.is_file():
        return file
    make_private_folder(store)
    with FileLock(store / f"{name}.lock"):
        if not file.is_file():
            try:
                download(url, file, max_bytes=MAX_CHECKPOINT_BYTES)
            except DownloadError as error:
                raise DownloadError(
                    f"{error} The weights are not on this machine. On another one fetch {url} "
                    f"and put the file here as {file}, or into a folder named by "
                    f"{WEIGHTS_DIR_VARIABLE}."
                ) from error
    return file
