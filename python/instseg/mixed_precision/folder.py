"""The mixed-precision files of a network folder: made once, beside its networks.

Beside every NAME.onnx of `instseg.json` stand NAME.fp16.onnx, the strongly typed network;
NAME.fp16.fp32-nodes.txt, the names of the ONNX nodes that stay FP32, one a line, for versions of
TensorRT without strong types; and NAME.fp16.json, which says what they were made of. The record is
written last: files without a matching record are made again.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from instseg.atomic_file import atomic_file
from instseg.errors import ModelError
from instseg.importer.network_folder import CHUNK_BYTES, read_manifest

from .network import mixed_precision_network
from .table import TABLE_VERSION


@dataclass(frozen=True)
class MixedPrecisionFiles:
    """network: strongly typed ONNX; fp32_nodes: names, one a line; record: JSON."""

    network: Path
    fp32_nodes: Path
    record: Path


def mixed_precision_files(network: Path) -> MixedPrecisionFiles:
    """Where what is made of the FP32 file `network` belongs."""
    return MixedPrecisionFiles(
        network=network.with_suffix(".fp16.onnx"),
        fp32_nodes=network.with_suffix(".fp16.fp32-nodes.txt"),
        record=network.with_suffix(".fp16.json"),
    )


def ensure_mixed_precision(folder: str | os.PathLike[str]) -> dict[str, dict[str, Any]]:
    """Makes the files that are missing, damaged or out of date; returns the records by role.

    Processes that do this at the same time write the same bytes, each file at once. Raises
    ModelError where the folder is no network folder or cannot be written.
    """
    place = Path(folder)
    manifest = read_manifest(place)
    records = {}
    for network in manifest["networks"]:
        file, sha256 = place / network["file"], network["sha256"]
        record = _record(file, sha256)
        records[network["role"]] = record or _make(file, sha256, manifest["family"])
    return records


def _record(network: Path, sha256: str) -> dict[str, Any] | None:
    """The record of `network`'s mixed-precision file, if both belong to this very network."""
    files = mixed_precision_files(network)
    try:
        record = json.loads(files.record.read_bytes())
        right = record["network_sha256"] == sha256 and record["table_version"] == TABLE_VERSION
        right = right and files.fp32_nodes.read_bytes() == _lines(record["fp32_layers"])
        if right and _sha256(files.network) == record["sha256"]:
            return record  # type: ignore[no-any-return]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        pass
    return None


def _make(network: Path, sha256: str, family: str) -> dict[str, Any]:
    files = mixed_precision_files(network)
    try:
        report = mixed_precision_network(network, family, files.network)
        record = {"table_version": TABLE_VERSION, "network_sha256": sha256, **report.as_dict()}
        with atomic_file(files.fp32_nodes) as file:
            file.write(_lines(report.fp32_layers))
        with atomic_file(files.record) as file:
            file.write((json.dumps(record, indent=1, ensure_ascii=False) + "\n").encode())
    except OSError as error:
        raise ModelError(
            f"the mixed-precision network of {network} cannot be kept beside it: {error}; make it "
            f"once with 'python -m instseg.mixed_precision {network.parent}' where the folder can "
            "be written, or copy the folder"
        ) from error
    return record


def _lines(names: list[str]) -> bytes:
    return "".join(f"{name}\n" for name in names).encode()


def _sha256(file: Path) -> str:
    digest = hashlib.sha256()
    with file.open("rb") as stream:
        while chunk := stream.read(CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
