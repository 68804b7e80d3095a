"""`instseg doctor`: what it lists, and what it calls a problem."""

import shutil
import sys
from pathlib import Path
from typing import Any

import pytest

import instseg


def test_a_working_installation_is_ready(run: Any) -> None:
    done = run("doctor")
    assert (done.exit_code, done.stderr) == (0, "")
    assert done.stdout.splitlines()[-1] == "Ready."
    for fact in (
        f"instseg        {instseg.__version__} in ",
        f"({sys.executable})",
        "openvino 2",
        "engine         openvino ",
        f"kernels        {instseg._core.cpu_isa()}\n",
        "CUDA kernels   in this build\n"
        if instseg._core.has_cuda_kernels()
        else "CUDA kernels   not in this build (docs/gpu.md)\n",
        "INSTSEG_MODEL_DIR is not set",
    ):
        assert fact in done.stdout
    assert "MISSING" not in done.stdout


def test_tensorrt_says_what_is_missing(run: Any) -> None:
    [engine] = [engine for engine in instseg.engines() if engine["name"] == "tensorrt"]
    if engine["available"]:
        pytest.skip("TensorRT is available here")
    done = run("doctor")
    assert done.exit_code == 0  # others are available
    assert f"engine         tensorrt not available: {engine['remedy']}" in done.stdout
    libraries = Path(instseg.__file__).parent / "lib"
    if not list(libraries.glob("libinstseg_tensorrt*.so")):
        assert "was built without an adapter for TensorRT" in engine["remedy"]
        assert str(libraries) in engine["remedy"]
        assert "TENSORRT_ROOT=<unpacked TensorRT> pip install ." in engine["remedy"]


def test_models_in_the_model_dir_are_listed(
    run: Any, tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("SOLOv2", "Mask-RT-DETR-L_infer"):
        shutil.copytree(tiny_model, tmp_path / name)
    (tmp_path / "notes").mkdir()
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(tmp_path))
    line = f"models         {tmp_path}: Mask-RT-DETR-L_infer, SOLOv2\n"
    assert line in run("doctor").stdout


def test_folders_that_cannot_be_used_are_problems(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    occupied = tmp_path / "file"
    occupied.write_text("")
    monkeypatch.setenv("INSTSEG_CACHE_DIR", str(occupied))
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(tmp_path / "gone"))
    done = run("doctor")
    assert done.exit_code == 1
    problems = [line for line in done.stdout.splitlines() if line.startswith("PROBLEM")]
    assert len(problems) == 2
    assert str(occupied) in problems[0]
    assert str(tmp_path / "gone") in problems[1]
    assert "Ready." not in done.stdout


def test_no_engine_is_a_problem(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    missing = [{"name": "openvino", "available": False, "remedy": "install it"}]
    monkeypatch.setattr("instseg._core.engines", lambda: missing)
    done = run("doctor")
    assert done.exit_code == 1
    assert "engine         openvino not available: install it" in done.stdout
    assert "PROBLEM  No engine is available" in done.stdout
