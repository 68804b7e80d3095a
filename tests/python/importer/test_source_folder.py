"""Which files of a model folder count, and the hash over them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from instseg.errors import ModelError
from instseg.importer.source_folder import content_hash, find_source, fingerprint

NAMES = ("inference.yml", "inference.json", "inference.pdiparams")


def make(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names or NAMES:
        (folder / name).write_text(f"content of {name}")
    return folder


def test_finds_the_three_files(tmp_path: Path) -> None:
    source = find_source(make(tmp_path))
    assert [path.name for path in source.files] == list(NAMES)
    assert find_source(str(tmp_path)) == source


def test_pir_is_preferred_as_in_paddlex(tmp_path: Path) -> None:
    make(tmp_path, *NAMES, "inference.pdmodel")
    assert find_source(tmp_path).program.name == "inference.json"
    (tmp_path / "inference.json").unlink()
    assert find_source(tmp_path).program.name == "inference.pdmodel"


def test_files_of_paddledetection(tmp_path: Path) -> None:
    make(tmp_path, "infer_cfg.yml", "model.pdmodel", "model.pdiparams")
    names = [path.name for path in find_source(tmp_path).files]
    assert names == ["infer_cfg.yml", "model.pdmodel", "model.pdiparams"]


def test_parameters_belong_to_the_program_of_that_name(tmp_path: Path) -> None:
    make(tmp_path, "inference.yml", "model.json", "inference.pdiparams")
    with pytest.raises(ModelError, match=r"no parameter file: none of model\.pdiparams"):
        find_source(tmp_path)


@pytest.mark.parametrize(
    ("missing", "message"),
    [
        ("inference.yml", "no configuration: none of inference.yml, infer_cfg.yml"),
        ("inference.json", "no program: none of inference.json, inference.pdmodel"),
        ("inference.pdiparams", "no parameter file: none of inference.pdiparams"),
    ],
)
def test_missing_file_is_named(missing: str, message: str, tmp_path: Path) -> None:
    (make(tmp_path) / missing).unlink()
    with pytest.raises(ModelError, match=message):
        find_source(tmp_path)
    (tmp_path / missing).mkdir()  # a folder of that name is no file
    with pytest.raises(ModelError, match=message):
        find_source(tmp_path)


def test_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    for name in ("missing", "file", "file/below", "dangling", "nul\0"):
        with pytest.raises(ModelError, match="does not exist or is no folder"):
            find_source(tmp_path / name)
    with pytest.raises(ModelError, match="no configuration"):
        find_source(tmp_path / "empty")
    with pytest.raises(ModelError, match="File name too long"):
        find_source(tmp_path / ("n" * 5000))


def test_links_are_followed(tmp_path: Path) -> None:
    real = make(tmp_path / "real")
    linked = tmp_path / "linked"
    linked.mkdir()
    for name in NAMES:
        (linked / name).symlink_to(real / name)
    (tmp_path / "alias").symlink_to(real)
    hashes = {content_hash(find_source(tmp_path / name)) for name in ("real", "linked", "alias")}
    assert len(hashes) == 1
    (real / "inference.json").unlink()
    with pytest.raises(ModelError, match="no program"):
        find_source(linked)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_folder_that_may_not_be_read(tmp_path: Path) -> None:
    folder = make(tmp_path / "model")
    (folder / "inference.json").chmod(0)
    with pytest.raises(ModelError, match="cannot read the model folder"):
        content_hash(find_source(folder))
    folder.chmod(0)
    try:
        with pytest.raises(ModelError):
            find_source(folder)
    finally:
        folder.chmod(0o700)


def test_hash_covers_names_and_contents(tmp_path: Path) -> None:
    """The twin hashes everything in one go."""
    source = find_source(make(tmp_path))
    lines = (
        f"{name}\0{hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()}\n" for name in NAMES
    )
    expected = hashlib.sha256("".join(lines).encode()).hexdigest()
    fractions: list[float] = []
    assert content_hash(source, fractions.append) == expected
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0
    assert fingerprint(source).sha256 == expected
    (tmp_path / "unrelated.txt").touch()
    assert content_hash(source) == expected
    for name in NAMES:
        before = (tmp_path / name).read_bytes()
        (tmp_path / name).write_bytes(before[:-1] + b"!")
        assert content_hash(source) != expected
        (tmp_path / name).write_bytes(before)
    assert content_hash(source) == expected


def test_file_that_vanishes_is_an_error(tmp_path: Path) -> None:
    source = find_source(make(tmp_path))
    (tmp_path / "inference.pdiparams").unlink()
    for take in (content_hash, fingerprint):
        with pytest.raises(ModelError, match="cannot read the model folder"):
            take(source)
