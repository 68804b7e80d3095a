"""`instseg info`: what a model is, and whether its files are whole."""

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import instseg
from instseg.cli.info import _flops
from instseg.engine_table import described

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "importer"))
from tiny_mask_rcnn import TinyMaskRcnn


def test_text_names_what_goes_in_and_comes_out(run: Any, tiny_model: Path) -> None:
    done = run("info", tiny_model)
    assert (done.exit_code, done.stderr) == (0, "")
    [reference] = (engine for engine in instseg.engines() if not engine["automatic"])
    needs_official = "; needs the official folder" if reference["available"] else ""
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
        "  operators     AveragePool 2, Sub 2, Reshape 1, Transpose 1, Mul 1, MatMul 1, Add 1",
        "  parameters    0.00 million",
        "  FLOPs         0.0 M per image",
        "parameters      0.00 million",
        "FLOPs           0.0 M per image, at an input of 64 x 64",
        "memory          0.0 MB of network files; --memory measures a process that runs them",
        *(
            f"engine          {described(engine)}{'' if engine['automatic'] else needs_official}"
            for engine in instseg.engines()
        ),
    ]


def test_heads_of_an_rcnn_are_counted_per_box(run: Any, tmp_path: Path) -> None:
    TinyMaskRcnn().write(tmp_path / "official")
    lines = run("info", tmp_path / "official").stdout.splitlines()
    assert any(re.fullmatch(r"  FLOPs +[0-9.]+ M per image", line) for line in lines)
    assert any(re.fullmatch(r"  FLOPs +[0-9.]+ M per box", line) for line in lines)
    assert any(re.fullmatch(r"  FLOPs +[0-9.]+ M per instance", line) for line in lines)
    total = (
        r"FLOPs +.* per image, at an input of \d+ x \d+ and \d+ boxes; .* M more for each instance"
    )
    assert any(re.fullmatch(total, line) for line in lines)


def test_flops_have_a_unit() -> None:
    assert _flops(49_897_728_000) == "49.9 G"
    assert _flops(1_059_717_120) == "1.06 G"
    assert _flops(28_608_512) == "28.6 M"
    assert _flops(None) == "unknown number"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is measured on Linux only")
def test_memory_is_measured_on_request(run: Any, tiny_model: Path) -> None:
    assert "memory" not in json.loads(run("info", tiny_model, "--json").stdout)
    data = json.loads(run("info", tiny_model, "--json", "--memory", "--threads", 1).stdout)
    assert 0 < data["memory"]["started"] < data["memory"]["predicted"] <= data["memory"]["peak"]
    text = run("info", tiny_model, "--memory").stdout
    assert re.search(r"^  resident +\d+ MB once loaded, \d+ MB after a prediction", text, re.M)
    wrong = run("info", tiny_model, "--memory", "--precision", "fp7")
    assert (wrong.exit_code, wrong.stdout) == (2, "")


def test_an_official_folder_is_imported_into_the_cache(
    run: Any, tiny_official: Path, tmp_path: Path
) -> None:
    done = run("info", tiny_official, "--cache-dir", tmp_path / "cache")
    assert f"folder          {tiny_official}\n" in done.stdout
    assert f"imported as     {tmp_path / 'cache' / 'networks'}" in done.stdout


def test_json_is_the_manifest_and_what_it_costs(run: Any, tiny_model: Path) -> None:
    data = json.loads(run("info", tiny_model, "--json").stdout)
    assert data.pop("folder") == str(tiny_model)
    assert data.pop("engines") == instseg.engines()
    assert data.pop("cost")["networks"][0]["operators"]["AveragePool"] == 2
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
