"""The mixed-precision files of a network folder: made once, beside its networks.

Beside every NAME.onnx of `instseg.json` stand NAME.fp16.onnx, the strongly typed network, and
NAME.fp16.json, which says what it was made of and names the layers that stay FP32. The record is
written last: a file without a matching record is made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from filelock import FileLock

from instseg.atomic_file import atomic_file
from instseg.errors import ModelError
from instseg.importer.network_folder import CHUNK_BYTES, read_manifest

from .network import mixed_precision_network
from .table import TABLE_VERSION


def mixed_precision_files(network: Path) -> tuple[Path, Path]:
    """Where the strongly typed network of `network`, and its record, belong."""
    return network.with_suffix(".fp16.onnx"), network.with_suffix(".fp16.json")


def ensure_mixed_precision(folder: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Makes the files that are missing, damaged or out of date; returns the records by role.

    Processes that want the same files wait for one of them. Raises ModelError where the folder is
    no network folder or cannot be written.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    records = {}
    try:
        found = {n["role"]: _record(place / n["file"], n["sha256"]) for n in manifest["networks"]}
        if None not in found.values():
            return {role: record for role, record in found.items() if record is not None}
        with FileLock(place / ".fp16.lock", mode=0o600):
            for network in manifest["networks"]:
                file, sha256 = place / network["file"], network["sha256"]
                record = _record(file, sha256) or _make(file, sha256, manifest["family"])
                records[network["role"]] = record
    except (OSError, NotImplementedError) as error:  # the latter: a file system without locks
        raise ModelError(
            f"the mixed-precision networks of {place} cannot be kept beside its networks: {error}; "
            "make them once with 'python -m instseg.mixed_precision FOLDER' where the folder can "
            "be written, or copy it"
        ) from error
    return records


def _record(network: Path, sha256: str) -> dict[str, Any] | None:
    """The record of `network`'s mixed-precision file, if both belong to this very network."""
    mixed, record_file = mixed_precision_files(network)
    try:
        record = json.loads(record_file.read_bytes())
        right = record["network_sha256"] == sha256 and record["table_version"] == TABLE_VERSION
        if right and _sha256(mixed) == record["sha256"]:
            return record  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def _make(network: Path, sha256: str, family: str) -> dict[str, Any]:
    mixed, record_file = mixed_precision_files(network)
    report = mixed_precision_network(network, family, mixed)
    record = {"table_version": TABLE_VERSION, "network_sha256": sha256, **report.as_dict()}
    with atomic_file(record_file) as file:
        file.write((json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    return record


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
