"""Imports a model once, into the user's cache, under a key made from its content."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from filelock import FileLock

from instseg.cache_folder import cache_folder, make_private_folder
from instseg.errors import ModelError

from .atomic_folder import atomic_folder
from .network_folder import MANIFEST, is_network_folder, read_manifest, verify_network_folder
from .source_folder import Fingerprint, SourceFolder, find_source, fingerprint, source_stamps
from .stat_memo import recall, remember, stamps
from .version import IMPORTER_VERSION, Progress


def cached_network_folder(
    src: str | os.PathLike[str],
    cache_dir: str | os.PathLike[str] | None = None,
    *,
    progress: Progress | None = None,
) -> Path:
    """Returns the network folder of the official folder `src`, importing it where needed.

    A network folder is returned as it is. Entries lie in `networks/` of the cache folder (see
    `instseg.cache_folder`), readable by this user only; processes that want the same entry wait
    for one of them to make it; a damaged entry is made again. Raises ModelError where `src` is no
    usable model, or the cache cannot be used (then `cache_dir=` names another place).
    """
    if is_network_folder(Path(src)):
        return Path(src)
    report = progress or (lambda stage, fraction: None)
    source = find_source(Path(src))
    root = make_private_folder(cache_folder(cache_dir) / "networks")
    try:
        known = _fingerprint(source, root, report)
        entry = root / f"{known.sha256[:32]}-{IMPORTER_VERSION}"
        if _usable(entry, known.sha256):
            return entry
        with FileLock(f"{entry}.lock", mode=0o600):
            if not _usable(entry, known.sha256):
                _make(source, entry, known, report)
    except (OSError, NotImplementedError) as error:  # the latter: a file system without locks
        raise ModelError(
            f"the cache folder {root} cannot be used: {error}; name another one with cache_dir= or "
            "the variable INSTSEG_CACHE_DIR"
        ) from error
    return entry


def source_hash(
    src: str | os.PathLike[str], cache_dir: str | os.PathLike[str] | None = None
) -> str:
    """SHA-256 (hex) over the files of an official folder, remembered in the cache."""
    root = make_private_folder(cache_folder(cache_dir) / "networks")
    return _fingerprint(find_source(Path(src)), root, lambda stage, fraction: None).sha256


def _fingerprint(source: SourceFolder, root: Path, report: Progress) -> Fingerprint:
    place = hashlib.sha256(os.fsencode(source.path.resolve())).hexdigest()[:32]
    memo = root / f"source-{place}.json"
    before = source_stamps(source)
    sha256 = recall(memo, before)
    if sha256 is not None:
        return Fingerprint(sha256, before)
    taken = fingerprint(source, lambda fraction: report("hash", fraction))
    remember(memo, taken.stamps, source.files, taken.sha256)
    return taken


def _usable(entry: Path, sha256: str) -> bool:
    """Whether the entry is whole: its manifest is right, and so are its files (size, SHA-256)."""
    try:
        manifest = read_manifest(entry)
        files = [entry / MANIFEST, *(entry / network["file"] for network in manifest["networks"])]
        if manifest["source"]["sha256"] != sha256:
            return False
        memo = entry.with_name(f"{entry.name}-verified.json")
        before = stamps(files)
        if recall(memo, before) == sha256:
            return True
        verify_network_folder(entry)
        remember(memo, before, files, sha256)
    except (ModelError, OSError):
        return False
    return True


def _make(source: SourceFolder, entry: Path, known: Fingerprint, report: Progress) -> None:
    from .model_import import write_network_folder  # takes onnx along, which a hit does not need

    with suppress(FileNotFoundError):
        if not entry.is_dir():
            entry.unlink()
    with atomic_folder(entry, overwrite=True) as work:
        write_network_folder(source, work, report, known)
