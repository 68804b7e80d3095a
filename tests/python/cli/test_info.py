"""`instseg info`: what a model is, and whether its files are whole."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest


def test_text_names_what_goes_in_and_comes_out(run: Any, tiny_model: Path) -> None:
    done = run("info", tiny_model)
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "model           Tiny",
        "family          mask_rtdetr",
        "classes         3: red, green, blue",
        "network input   64 x 64, bilinear",
        "score threshold 0.5",
        f"folder          {tiny_model}",
        "network         main: network.onnx, 0.0 MB, SHA-256 right",
        "  in            image: float32 [?, 3, 64, 64]",
        "  out           boxes (boxes_cxcywh): float32 [?, 16, 4]",
        "  out           logits (class_logits): float32 [?, 16, 3]",
        "  out           mask_coefficients: float32 [?, 16, 3]",
        "  out           prototypes (mask_prototypes): float32 [?, 3, 16, 16]",
    ]


def test_an_official_folder_is_imported_into_the_cache(
    run: Any, tiny_official: Path, tmp_path: Path
) -> None:
    done = run("info", tiny_official, "--cache-dir", tmp_path / "cache")
    assert f"folder          {tiny_official}\n" in done.stdout
    assert f"imported as     {tmp_path / 'cache' / 'networks'}" in done.stdout


def test_json_is_the_manifest_and_the_folder(run: Any, tiny_model: Path) -> None:
    data = json.loads(run("info", tiny_model, "--json").stdout)
    assert data.pop("folder") == str(tiny_model)
    assert data == json.loads((tiny_model / "instseg.json").read_text())


def test_many_classes_are_shortened(run: Any, tiny_model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    manifest = json.loads((folder / "instseg.json").read_text())
    manifest["class_names"] = [f"c{i}" for i in range(80)]
    (folder / "instseg.json").write_text(json.dumps(manifest))
    assert "classes         80: c0, c1, " in run("info", folder).stdout
    assert ", c11 and 68 more\n" in run("info", folder).stdout


@pytest.mark.parametrize("damage", ["cut", "flipped", "missing"])
def test_damage_is_found(run: Any, tiny_model: Path, tmp_path: Path, damage: str) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_model, folder)
    network = folder / "network.onnx"
    content = bytearray(network.read_bytes())
    if damage == "flipped":
        content[100] ^= 1
    network.write_bytes(content[:-1] if damage == "cut" else content)
    if damage == "missing":
        network.unlink()
    done = run("info", folder)
    assert (done.exit_code, done.stdout) == (1, "")
    assert "network.onnx" in done.stderr
