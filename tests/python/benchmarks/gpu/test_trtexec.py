"""Commands for trtexec, and what is read from a stand-in for it."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest
from harness.gpu import trtexec
from harness.gpu.trtexec import (
    Trtexec,
    TrtexecFailed,
    find_trtexec,
    input_shapes,
    major_of,
    networks_alone,
)

NETWORK = Path("network.onnx")
SHAPES = {"image": [1, 3, 64, 64]}


@pytest.mark.parametrize(("number", "major"), [(8601, 8), (8503, 8), (101600, 10), (110100, 11)])
def test_versions(number: int, major: int) -> None:
    assert major_of(number) == major


def test_fp32_never_rounds_to_tf32() -> None:
    command = Trtexec("trtexec", 10).command(NETWORK, SHAPES, "fp32", Path("t.json"))
    assert "--noTF32" in command
    assert "--onnx=network.onnx" in command
    assert "--shapes=image:1x3x64x64" in command
    assert "--noTF32" not in Trtexec("trtexec", 10).command(NETWORK, SHAPES, "tf32", Path("t.json"))


def test_fp16_is_the_strongly_typed_file_from_version_10_on() -> None:
    command = Trtexec("trtexec", 11).command(NETWORK, SHAPES, "fp16", Path("t.json"))
    assert "--onnx=network.fp16.onnx" in command
    assert "--fp16" not in command


def test_fp16_names_the_layers_of_fp32_for_version_8(tmp_path: Path) -> None:
    (tmp_path / "network.fp16.fp32-nodes.txt").write_text("Softmax_1\nMul_2\n", encoding="utf-8")
    command = Trtexec("trtexec", 8).command(
        tmp_path / "network.onnx", SHAPES, "fp16", Path("t.json")
    )
    assert "--precisionConstraints=obey" in command
    assert "--layerPrecisions=Softmax_1:fp32,Mul_2:fp32" in command


def exporting(times: Sequence[object]) -> trtexec.Run:
    """A trtexec that writes these entries to the file it is told."""

    def run(command: Sequence[str]) -> str:
        [place] = [part for part in command if part.startswith("--exportTimes=")]
        Path(place.partition("=")[2]).write_text(json.dumps(times), encoding="utf-8")
        return ""

    return run


def test_the_median_of_the_kernels_counts() -> None:
    times = [{"computeMs": ms, "latencyMs": 99.0} for ms in (5.0, 3.0, 4.0)]
    assert Trtexec("trtexec", 10).time_ms(NETWORK, SHAPES, "fp32", exporting(times)) == 4.0


@pytest.mark.parametrize("times", [[], [{"latencyMs": 1.0}], {"computeMs": 1.0}])
def test_times_that_are_none_are_an_error(times: Sequence[object]) -> None:
    with pytest.raises(TrtexecFailed, match=r"wrote no times for network\.onnx"):
        Trtexec("trtexec", 10).time_ms(NETWORK, SHAPES, "fp32", exporting(times))


def test_networks_of_a_folder(tiny_model: Path) -> None:
    found = networks_alone(
        Trtexec("trtexec", 10), tiny_model, (48, 80), "fp32", exporting([{"computeMs": 2.5}])
    )
    assert found == {"main": {"ms": 2.5, "shapes": {"image": [1, 3, 64, 64]}}}


def test_heads_get_their_largest_block(tiny_model: Path) -> None:
    manifest = json.loads((tiny_model / "instseg.json").read_text(encoding="utf-8"))
    head = {"name": "roi", "shape": [-1, 7, 7, 256]}
    manifest["networks"] += [
        {"role": "box", "inputs": [head]},
        {"role": "mask", "inputs": [{**head, "shape": [-1, 14, 14, 256]}]},
    ]
    shapes = input_shapes(manifest, (64, 64))
    assert shapes["box"] == {"roi": [128, 7, 7, 256]}
    assert shapes["mask"] == {"roi": [32, 14, 14, 256]}


def test_the_program_on_the_path_tells_its_version(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_trtexec() is None
    program = tmp_path / "trtexec"
    program.write_text("#!/bin/sh\necho '&&&& RUNNING TensorRT.trtexec [TensorRT v101600] [b1]'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert find_trtexec() == Trtexec(str(program), 10)
    program.write_text("#!/bin/sh\necho usage\n")
    with pytest.raises(TrtexecFailed, match="does not say its version"):
        find_trtexec()


def test_a_failure_shows_the_end_of_the_output() -> None:
    with pytest.raises(TrtexecFailed, match="no such engine"):
        trtexec.run_command(["/bin/sh", "-c", "echo no such engine; exit 3"])
