"""From what the user calls a model to a folder on this machine.

A model is a folder, or one of the official names. A name is looked up in $INSTSEG_MODEL_DIR, then
in the cache, then fetched from the official address.
"""

import difflib
import logging
import os
import shutil
import tempfile
from pathlib import Path

from filelock import FileLock

from instseg.cache_folder import cache_folder, make_private_folder
from instseg.download import download
from instseg.errors import DownloadError, ModelError
from instseg.model_names import OFFICIAL_MODELS
from instseg.progress import Progress
from instseg.unpack import unpack_tar

MODEL_DIR_VARIABLE = "INSTSEG_MODEL_DIR"
MODEL_URL_VARIABLE = "INSTSEG_MODEL_URL"
# The folder of archives that PaddleX itself fetches from: <base>/<name>_infer.tar.
OFFICIAL_BASE_URL = (
    "https://paddle-model-ecology.bj.bcebos.com/paddlex/official_inference_model/paddle3.0.0"
)
# The largest official archive is about half a gigabyte.
MAX_ARCHIVE_BYTES = 2 << 30

# One of these tells a model folder: a network folder's, PaddleX's, PaddleDetection's.
MARKER_FILES = ("instseg.json", "inference.yml", "infer_cfg.yml")

_log = logging.getLogger("instseg")


def locate_model(
    model: str | os.PathLike[str],
    cache_dir: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """The official or network folder of `model`, fetched first if need be.

    Raises ModelError (no such folder or name), DownloadError (not here and not to be had).
    """
    folder = Path(model).expanduser()
    if not os.fspath(model):
        raise ModelError("The model's name is empty; give a folder or an official name.")
    if is_model_folder(folder):
        return folder
    name = os.fspath(model)
    if name in OFFICIAL_MODELS:
        return _locate_name(name, cache_dir, progress)
    if folder.is_dir():
        raise ModelError(
            f"{folder} is no model folder: it holds neither inference.yml (official folder of "
            "PaddleX) nor instseg.json (network folder)."
        )
    if folder.exists():
        raise ModelError(f"{folder} is a file; give the folder that holds the model's files.")
    official = {known.casefold(): known for known in OFFICIAL_MODELS}
    close = difflib.get_close_matches(name.casefold(), official, n=1)
    hint = f" Did you mean {official[close[0]]!r}?" if close else ""
    raise ModelError(
        f"{name!r} is neither a folder nor one of the official names.{hint} The names are: "
        f"{', '.join(OFFICIAL_MODELS)}."
    )


def is_model_folder(folder: Path) -> bool:
    """Whether the folder looks like an official or a network folder."""
    return any((folder / name).is_file() for name in MARKER_FILES)


def model_url(name: str) -> str:
    """The address of an official model's archive."""
    base = os.environ.get(MODEL_URL_VARIABLE) or OFFICIAL_BASE_URL
    return f"{base.rstrip('/')}/{name}_infer.tar"


def _locate_name(
    name: str, cache_dir: str | os.PathLike[str] | None, progress: Progress | None
) -> Path:
    if named := os.environ.get(MODEL_DIR_VARIABLE):
        for candidate in (Path(named) / name, Path(named) / f"{name}_infer"):
            if is_model_folder(candidate.expanduser()):
                return candidate.expanduser()
    store = cache_folder(cache_dir) / "official"
    if is_model_folder(store / name):
        return store / name
    make_private_folder(store)
    with FileLock(store / f"{name}.lock"):
        if not is_model_folder(store / name):  # else another process fetched it in the meantime
            if (store / name).exists():
                raise ModelError(
                    f"{store / name} holds no model (no inference.yml); remove it, or put the "
                    f"files of {model_url(name)} into it."
                )
            _fetch(name, store, progress)
    return store / name


def _fetch(name: str, store: Path, progress: Progress | None) -> None:
    """Fetches and unpacks an official model into `store`/name; the caller holds its lock."""
    url = model_url(name)
    archive = store / f"{name}_infer.tar"
    _log.info("fetching %s", url)
    try:
        download(url, archive, max_bytes=MAX_ARCHIVE_BYTES, progress=progress)
        _unpack(archive, store / name)
    except ModelError as error:
        raise DownloadError(
            f"{error} The model {name} is not on this machine. On another one fetch {url}, unpack "
            f"it, and put the folder here as {store / name}, or anywhere as <folder>/{name} and "
            f"set {MODEL_DIR_VARIABLE}=<folder>."
        ) from error
    finally:
        archive.unlink(missing_ok=True)


def _unpack(archive: Path, folder: Path) -> None:
    """Makes `folder` from the archive, whole or not at all."""
    temporary = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        unpack_tar(archive, temporary, max_bytes=MAX_ARCHIVE_BYTES)
        found = [path.parent for path in sorted(temporary.rglob("inference.yml"))]
        if len(found) != 1:
            raise ModelError(
                f"{archive.name} holds {len(found)} files named inference.yml, expected one."
            )
        os.replace(found[0], folder)
    except OSError as error:
        raise ModelError(f"{archive.name} could not be unpacked: {error}.") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)
