"""The network folder: `instseg.json` and the files it names.

Reading checks every field by hand, so that a message can say which one is wrong and why.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from instseg.errors import ModelError

from . import limits
from .brief import brief
from .read_bytes import read_bytes

MANIFEST = "instseg.json"
FORMAT = "instseg-network-folder"
VERSION = 1
CHUNK_BYTES = 1 << 20
MAX_FILE_BYTES = 1 << 31
"""An ONNX file is a protobuf message, and those end at 2 GiB; parameters are smaller."""

Manifest = dict[str, Any]


def is_network_folder(path: str | Path) -> bool:
    """Whether the folder has a manifest; its content is not looked at."""
    try:
        return (Path(path) / MANIFEST).is_file()
    except OSError:  # a name that is too long, a folder that may not be entered
        return False


def read_manifest(path: str | Path) -> Manifest:
    """Returns the checked content of `instseg.json`; raises ModelError naming the wrong field."""
    file = Path(path) / MANIFEST
    raw = read_bytes(file, limits.MAX_MANIFEST_BYTES)
    try:
        manifest = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise ModelError(f"{file} is no valid JSON: {error}") from None
    check_manifest(manifest, str(file))
    return manifest  # type: ignore[no-any-return]


def verify_network_folder(
    path: str | Path, progress: Callable[[float], None] = lambda fraction: None
) -> Manifest:
    """Reads the manifest and checks size and SHA-256 of every file it names."""
    manifest = read_manifest(path)
    files = named_files(manifest)
    total = sum(entry["size_bytes"] for _, entry in files)
    done = 0
    for what, entry in files:
        file = Path(path) / entry["file"]
        digest = hashlib.sha256()
        size = 0
        try:
            if not file.is_file():
                raise FileNotFoundError(f"{file} does not exist or is no regular file")
            with file.open("rb") as stream:
                while size <= entry["size_bytes"] and (chunk := stream.read(CHUNK_BYTES)):
                    digest.update(chunk)
                    size += len(chunk)
                    progress(min((done + size) / max(total, 1), 1.0))
        except OSError as error:
            raise ModelError(f"{path}: {what}: {error}") from None
        done += size
        if size != entry["size_bytes"]:
            found = "more" if size > entry["size_bytes"] else f"only {size}"
            raise ModelError(
                f"{file} has {found} bytes where {MANIFEST} says {entry['size_bytes']}; "
                "import the model again"
            )
        if digest.hexdigest() != entry["sha256"]:
            raise ModelError(
                f"{file} is damaged: its SHA-256 is not the one in {MANIFEST}; "
                "import the model again"
            )
    return manifest


def named_files(manifest: Manifest) -> list[tuple[str, dict[str, Any]]]:
    """What every file of the folder is, and its entry: `file`, `size_bytes` and `sha256`."""
    files = [(f"network {network['role']!r}", network) for network in manifest["networks"]]
    if "program" in manifest:
        program = manifest["program"]
        files += [("program", program), ("parameters", program["parameters"])]
    return files


def write_manifest(path: Path, manifest: Manifest) -> None:
    check_manifest(manifest, str(path / MANIFEST))
    text = json.dumps(manifest, indent=1, ensure_ascii=False)
    (path / MANIFEST).write_text(text + "\n", encoding="utf-8")


def check_manifest(manifest: Any, what: str) -> None:
    """Raises ModelError where a field is missing, of the wrong type or out of range."""
    field = _Fields(manifest, what)
    if field.text("format") != FORMAT:
        raise ModelError(f"{what}: 'format' is {brief(manifest['format'])}, not {FORMAT!r}")
    version = field.integer("version", 1)
    if version != VERSION:
        raise ModelError(
            f"{what} is of version {brief(version)}; this instseg reads version {VERSION}: "
            "import the model again"
        )
    field.text("model_name")
    field.text("family")
    names = field.items("class_names")
    if not 0 < len(names) <= limits.MAX_CLASSES or not all(isinstance(n, str) for n in names):
        raise ModelError(f"{what}: 'class_names' is not a list of 1 to {limits.MAX_CLASSES} names")
    source = field.part("source")
    source.text("program")
    source.sha256("sha256")
    source.integer("importer_version", 1)
    _check_preprocess(field.part("preprocess"))
    thresholds = field.part("thresholds")
    thresholds.number("score", 0.0, 1.0)
    thresholds.number("mask", 0.0, 1.0)
    field.part("postprocess")
    networks = field.items("networks")
    if not 0 < len(networks) <= 16:
        raise ModelError(f"{what}: 'networks' has {len(networks)} entries, not 1 to 16")
    for index, network in enumerate(networks):
        _check_network(_Fields(network, f"{what}: networks[{index}]"))
    if "program" in manifest:
        program = field.part("program")
        _check_file(program)
        _check_file(program.part("parameters"))
        _check_tensors(program)


def _check_preprocess(field: _Fields) -> None:
    field.one_of("color", ("rgb", "bgr"))
    resize = field.part("resize")
    resize.integer("height", 1, limits.MAX_NETWORK_SIDE)
    resize.integer("width", 1, limits.MAX_NETWORK_SIDE)
    resize.boolean("keep_ratio")
    resize.one_of("interpolation", ("nearest", "bilinear", "bicubic"))
    field.number("scale", 1e-9, 1e9)
    field.numbers("mean", 3)
    if min(field.numbers("std", 3)) <= 0:
        raise ModelError(f"{field.what}: 'std' has numbers that are not positive")
    field.boolean("normalize_before_resize")
    field.integer("pad_stride", 1, limits.MAX_NETWORK_SIDE)


def _check_network(field: _Fields) -> None:
    field.text("role")
    _check_file(field)
    _check_tensors(field)


def _check_file(field: _Fields) -> None:
    file = field.text("file")
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", file):
        raise ModelError(f"{field.what}: 'file' {brief(file)} is not a plain file name")
    field.integer("size_bytes", 1, MAX_FILE_BYTES)
    field.sha256("sha256")


def _check_tensors(field: _Fields) -> None:
    for key in ("inputs", "outputs"):
        tensors = field.items(key)
        if not 0 < len(tensors) <= 64:
            raise ModelError(f"{field.what}: {key!r} has {len(tensors)} entries, not 1 to 64")
        for index, entry in enumerate(tensors):
            tensor = _Fields(entry, f"{field.what}: {key}[{index}]")
            tensor.text("name")
            tensor.text("meaning")
            tensor.one_of("dtype", ("float32", "int32", "int64", "uint8", "bool"))
            shape = tensor.items("shape")
            if len(shape) > limits.MAX_RANK or not all(type(d) is int and d >= -1 for d in shape):
                raise ModelError(
                    f"{tensor.what}: 'shape' {brief(shape)} is not a list of sizes (or -1)"
                )


class _Fields:
    """Typed access to one JSON object."""

    def __init__(self, content: Any, what: str) -> None:
        if not isinstance(content, dict):
            raise ModelError(f"{what} is not an object")
        self.content: dict[str, Any] = content
        self.what = what

    def _get(self, key: str, kind: type | tuple[type, ...], name: str) -> Any:
        if key not in self.content:
            raise ModelError(f"{self.what}: {key!r} is missing")
        value = self.content[key]
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ModelError(f"{self.what}: {key!r} is {brief(value)}, not {name}")
        return value

    def part(self, key: str) -> _Fields:
        return _Fields(self._get(key, dict, "an object"), f"{self.what}: {key}")

    def items(self, key: str) -> list[Any]:
        return self._get(key, list, "a list")  # type: ignore[no-any-return]

    def boolean(self, key: str) -> bool:
        return self._get(key, bool, "true or false")  # type: ignore[no-any-return]

    def text(self, key: str) -> str:
        text: str = self._get(key, str, "a text")
        if not text:
            raise ModelError(f"{self.what}: {key!r} is empty")
        return text

    def one_of(self, key: str, allowed: tuple[str, ...]) -> None:
        if self.text(key) not in allowed:
            raise ModelError(
                f"{self.what}: {key!r} is {brief(self.content[key])}, not one of {allowed}"
            )

    def sha256(self, key: str) -> None:
        if not re.fullmatch(r"[0-9a-f]{64}", self.text(key)):
            raise ModelError(f"{self.what}: {key!r} is not a SHA-256 in lower-case hex")

    def integer(self, key: str, low: int, high: int | None = None) -> int:
        value: int = self._get(key, int, "a whole number")
        if value < low or (high is not None and value > high):
            limit = f"{low} to {high}" if high is not None else f"{low} or more"
            raise ModelError(f"{self.what}: {key!r} is {brief(value)}, not {limit}")
        return value

    def number(self, key: str, low: float, high: float) -> float:
        value = self._get(key, (int, float), "a number")
        if not low <= value <= high:
            raise ModelError(f"{self.what}: {key!r} is {brief(value)}, not in {low}..{high}")
        return float(value)

    def numbers(self, key: str, count: int) -> list[float]:
        values = self.items(key)
        if len(values) != count or not all(
            isinstance(v, (int, float)) and not isinstance(v, bool) and abs(v) < 1e9 for v in values
        ):
            raise ModelError(f"{self.what}: {key!r} is {brief(values)}, not {count} numbers")
        return [float(value) for value in values]
