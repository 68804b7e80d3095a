"""instseg.json: every field missing, wrong or out of range; and files that are not what it says."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest

from instseg.errors import ModelError
from instseg.importer import is_network_folder, read_manifest, verify_network_folder
from instseg.importer.network_folder import check_manifest, write_manifest

MANIFEST: dict[str, Any] = {
    "format": "instseg-network-folder",
    "version": 1,
    "model_name": "Tiny",
    "family": "mask_rtdetr",
    "class_names": ["red", "green"],
    "source": {"program": "inference.json", "sha256": "0" * 64, "importer_version": 1},
    "preprocess": {
        "color": "rgb",
        "resize": {"height": 64, "width": 64, "keep_ratio": False, "interpolation": "bilinear"},
        "scale": 1 / 255,
        "mean": [0, 0.5, 0],
        "std": [1, 1, 1],
        "normalize_before_resize": False,
        "pad_stride": 1,
    },
    "thresholds": {"score": 0.5, "mask": 0.5},
    "postprocess": {"top_k": 20},
    "networks": [
        {
            "role": "main",
            "file": "network.onnx",
            "size_bytes": 4,
            "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",  # "test"
            "inputs": [
                {"name": "image", "meaning": "image", "dtype": "float32", "shape": [-1, 3, 64, 64]}
            ],
            "outputs": [
                {"name": "a", "meaning": "boxes", "dtype": "float32", "shape": [-1, 16, 4]},
                {"name": "b", "meaning": "logits", "dtype": "int64", "shape": []},
            ],
        }
    ],
    "program": {
        "file": "inference.json",
        "size_bytes": 3,
        "sha256": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",  # "abc"
        "parameters": {
            "file": "inference.pdiparams",
            "size_bytes": 5,
            "sha256": "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",  # "hello"
        },
        "inputs": [
            {"name": "image", "meaning": "image", "dtype": "float32", "shape": [-1, 3, 64, 64]}
        ],
        "outputs": [{"name": "a", "meaning": "boxes", "dtype": "float32", "shape": [-1, 6]}],
    },
}

Path_ = tuple[Any, ...]


def fields(value: Any, path: Path_ = ()) -> list[Path_]:
    """The path to every key and every member."""
    found = [path] if path else []
    if isinstance(value, list):
        value = dict(enumerate(value))
    if isinstance(value, dict):
        for key, member in value.items():
            found += fields(member, (*path, key))
    return found


FIELDS = fields(MANIFEST)
FREE = {("postprocess", "top_k"), ("program",)}
"""Fields that may be missing: the family's, which the C++ side checks, and the whole program."""


def at(manifest: dict[str, Any], path: Path_) -> Any:
    value: Any = manifest
    for key in path:
        value = value[key]
    return value


def replaced(path: Path_, value: Any) -> dict[str, Any]:
    changed = copy.deepcopy(MANIFEST)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def test_the_manifest_of_this_test_is_right() -> None:
    check_manifest(MANIFEST, "it")
    assert len(FIELDS) > 40


@pytest.mark.parametrize("path", [p for p in FIELDS if isinstance(p[-1], str)], ids=str)
def test_missing_field_is_named(path: Path_) -> None:
    changed = copy.deepcopy(MANIFEST)
    del at(changed, path[:-1])[path[-1]]
    if path in FREE:
        check_manifest(changed, "it")
        return
    with pytest.raises(ModelError, match=f"'{path[-1]}' is missing"):
        check_manifest(changed, "it")


def deep() -> list[Any]:
    value: list[Any] = []
    for _ in range(300):
        value = [value]
    return value


WRONG: list[Any] = [None, "", "?", -2, 1.5, True, {}, {"a": 1}, [[]], deep(), 10**400, "x" * 10**6]


@pytest.mark.parametrize("path", [p for p in FIELDS if p not in FREE], ids=str)
def test_wrong_type_or_value_is_refused(path: Path_) -> None:
    """Each value that is not of the field's own kind; the message names the field, in few words."""
    right = at(MANIFEST, path)
    refused = 0
    for value in WRONG:
        changed = replaced(path, value)
        try:
            check_manifest(changed, "it")
        except ModelError as error:
            message = str(error)
        else:  # another value of the same kind
            kinds = {type(value), type(right)}
            assert len(kinds) == 1 or kinds == {int, float}, (path, value)
            continue
        refused += 1
        named = [key for key in path if isinstance(key, str)]
        assert any(str(key) in message for key in named[-2:])
        assert len(message) < 600
    assert refused >= 8


OUT_OF_RANGE: list[tuple[Path_, Any]] = [
    (("format",), "onnx"),
    (("version",), 2),
    (("version",), 0),
    (("class_names",), []),
    (("class_names",), ["x"] * 100_001),
    (("source", "sha256"), "0" * 63),
    (("source", "sha256"), "G" * 64),
    (("source", "sha256"), "0" * 64 + "\n"),
    (("source", "importer_version"), 0),
    (("preprocess", "color"), "grey"),
    (("preprocess", "resize", "height"), 0),
    (("preprocess", "resize", "width"), 16_385),
    (("preprocess", "resize", "interpolation"), "lanczos"),
    (("preprocess", "scale"), 0),
    (("preprocess", "scale"), float("nan")),
    (("preprocess", "mean"), [0, 0]),
    (("preprocess", "mean"), [0, 0, float("nan")]),
    (("preprocess", "mean"), [0, 0, float("inf")]),
    (("preprocess", "std"), [1, 0, 1]),
    (("preprocess", "pad_stride"), 0),
    (("thresholds", "score"), 1.5),
    (("thresholds", "mask"), -0.1),
    (("networks",), []),
    (("networks",), [MANIFEST["networks"][0]] * 17),
    (("networks", 0, "size_bytes"), 0),
    (("networks", 0, "size_bytes"), 1 << 40),
    (("networks", 0, "inputs"), []),
    (("networks", 0, "outputs"), [MANIFEST["networks"][0]["outputs"][0]] * 65),
    (("networks", 0, "inputs", 0, "dtype"), "float16"),
    (("networks", 0, "inputs", 0, "shape"), [1] * 10),
    (("networks", 0, "inputs", 0, "shape"), [-2]),
    (("networks", 0, "inputs", 0, "shape"), [True]),
]


@pytest.mark.parametrize(("path", "value"), OUT_OF_RANGE)
def test_value_out_of_range_is_refused(path: Path_, value: Any) -> None:
    with pytest.raises(ModelError, match=r"^it"):
        check_manifest(replaced(path, value), "it")


@pytest.mark.parametrize(
    "name",
    [
        "../network.onnx",
        "/etc/passwd",
        "a/b",
        "..",
        ".",
        ".hidden",
        "a\\b",
        "a\0b",
        "network.onnx\n",
        "C:x",
        "n" * 129,
        "é.onnx",
        " ",
    ],
)
def test_file_outside_the_folder_is_refused(name: str, tmp_path: Path) -> None:
    path = ("networks", 0, "file")
    (tmp_path / "instseg.json").write_text(json.dumps(replaced(path, name)))
    for read in (read_manifest, verify_network_folder):
        with pytest.raises(ModelError, match="is not a plain file name"):
            read(tmp_path)


def write(folder: Path, content: bytes = b"test") -> Path:
    write_manifest(folder, MANIFEST)
    (folder / "network.onnx").write_bytes(content)
    (folder / "inference.json").write_bytes(b"abc")
    (folder / "inference.pdiparams").write_bytes(b"hello")
    return folder


def test_whole_folder_is_verified(tmp_path: Path) -> None:
    fractions: list[float] = []
    assert verify_network_folder(write(tmp_path), fractions.append) == MANIFEST
    assert fractions[-1] == 1.0
    assert read_manifest(tmp_path) == MANIFEST
    assert is_network_folder(tmp_path)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "only 0 bytes where instseg.json says 4; import the model again"),
        (b"tes", "only 3 bytes where instseg.json says 4"),
        (b"test!", "more bytes where instseg.json says 4"),
        (b"Test", "is damaged: its SHA-256 is not the one in instseg.json; import the model again"),
    ],
)
def test_damaged_file_is_refused(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=message):
        verify_network_folder(write(tmp_path, content))


@pytest.mark.parametrize("name", ["inference.json", "inference.pdiparams"])
def test_program_is_verified_too(name: str, tmp_path: Path) -> None:
    file = write(tmp_path) / name
    file.write_bytes(file.read_bytes().upper())
    with pytest.raises(ModelError, match=f"{name} is damaged"):
        verify_network_folder(tmp_path)
    file.unlink()
    what = {"inference.json": "program", "inference.pdiparams": "parameters"}[name]
    with pytest.raises(ModelError, match=f"{what}: .* does not exist"):
        verify_network_folder(tmp_path)


@pytest.mark.parametrize("part", [(), ("parameters",)])
def test_program_file_outside_the_folder_is_refused(part: Path_, tmp_path: Path) -> None:
    changed = replaced(("program", *part, "file"), "../inference.json")
    (tmp_path / "instseg.json").write_text(json.dumps(changed))
    with pytest.raises(ModelError, match="is not a plain file name"):
        read_manifest(tmp_path)


def test_missing_or_special_file_is_refused(tmp_path: Path) -> None:
    """A pipe would block, and /dev/zero never end."""
    file = write(tmp_path) / "network.onnx"
    file.unlink()
    with pytest.raises(ModelError, match=r"network 'main': .* does not exist or is no regular"):
        verify_network_folder(tmp_path)
    os.mkfifo(file)
    with pytest.raises(ModelError, match="no regular file"):
        verify_network_folder(tmp_path)
    file.unlink()
    file.symlink_to("/dev/zero")
    with pytest.raises(ModelError, match="no regular file"):
        verify_network_folder(tmp_path)


def test_manifest_that_is_no_regular_file_is_refused(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "instseg.json")
    assert not is_network_folder(tmp_path)
    with pytest.raises(ModelError, match="no regular file"):
        read_manifest(tmp_path)


def test_no_network_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "missing", tmp_path / ("n" * 5000)):
        assert not is_network_folder(path)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"null", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b'{"a":' * 100_000]
)
def test_other_content_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "instseg.json").write_bytes(content)
    with pytest.raises(ModelError, match=r"instseg\.json"):
        read_manifest(tmp_path)


def test_huge_manifest_is_refused(tmp_path: Path) -> None:
    with (tmp_path / "instseg.json").open("wb") as file:
        file.truncate(17 << 20)
    with pytest.raises(ModelError, match="larger than the 16777216 bytes"):
        read_manifest(tmp_path)


def test_wrong_manifest_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="'color' is 'grey'"):
        write_manifest(tmp_path, replaced(("preprocess", "color"), "grey"))
    assert list(tmp_path.iterdir()) == []
