"""The wheel, built once, works in a fresh environment."""

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def wheel() -> Path:
    wheels = list((ROOT / "dist").glob("instseg-*.whl"))
    if len(wheels) != 1:
        pytest.skip(f"dist/ holds {len(wheels)} wheels, `make build` leaves one")
    return wheels[0]


def test_wheel_holds_library_headers_and_cmake_package(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for part in (
        "instseg/include/instseg/predictor.h",
        "instseg/include/instseg/version.h",
        "instseg/lib/cmake/instseg/instsegConfig.cmake",
        "instseg/lib/libinstseg.so.",
        "instseg/_core.",
        "instseg/_core.pyi",
        "instseg/py.typed",
    ):
        assert any(name.startswith(part) for name in names), part
    assert not [name for name in names if not name.startswith("instseg")]
    assert not [name for name in names if "openvino" in name.lower() and name.endswith(".so")]


def test_wheel_runs_in_a_fresh_environment(wheel: Path, tmp_path: Path) -> None:
    environment = tmp_path / "env"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    python = environment / "bin" / "python"
    quiet = ["--quiet", "--disable-pip-version-check"]
    subprocess.run([python, "-m", "pip", "install", *quiet, str(wheel)], check=True)

    model = tmp_path / "model"
    maker = (
        "import sys; sys.path.insert(0, sys.argv[1]); import pathlib, tiny_model; "
        "tiny_model.write_network_folder(pathlib.Path(sys.argv[2]))"
    )
    subprocess.run(
        [sys.executable, "-c", maker, str(ROOT / "tests" / "python"), str(model)], check=True
    )
    picture = tmp_path / "picture.png"
    draw = "import PIL.Image, sys; PIL.Image.new('RGB', (90, 70), (200, 30, 60)).save(sys.argv[1])"
    subprocess.run([python, "-c", draw, str(picture)], check=True)

    outside = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LD_LIBRARY_PATH")}
    output = tmp_path / "output"
    command = [str(environment / "bin" / "instseg"), "predict", str(model), str(picture)]
    done = subprocess.run(
        [*command, "--output", str(output), "--threshold", "0"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=outside,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in output.iterdir()} == {".json", ".png"}
