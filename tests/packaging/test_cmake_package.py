"""A C++ program outside this project finds the installed package and predicts as Python does."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import instseg

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = Path(sys.executable).parent


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    path = f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}"
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        env={**os.environ, "PATH": path},
        check=False,
    )


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Path:
    build = tmp_path_factory.mktemp("apps")
    shown = run(SCRIPTS / "instseg", "--cmake-dir")
    assert shown.returncode == 0, shown.stderr
    cmake_dir = shown.stdout.strip()
    apps = ROOT / "cpp" / "apps"
    configured = run("cmake", "-S", apps, "-B", build, "-G", "Ninja", f"-Dinstseg_DIR={cmake_dir}")
    assert configured.returncode == 0, configured.stderr
    built = run("cmake", "--build", build)
    assert built.returncode == 0, built.stdout + built.stderr
    return build / "instseg_predict"


def test_program_gives_the_instances_of_python(
    program: Path, tiny_model: Path, tmp_path: Path
) -> None:
    pixels = np.random.default_rng(3).integers(0, 256, (70, 90, 3), dtype=np.uint8)
    picture = tmp_path / "picture.ppm"
    Image.fromarray(pixels).save(picture)

    done = run(program, tiny_model, picture, "0.01", tmp_path / "overlay.ppm")
    assert done.returncode == 0, done.stderr
    lines = [line.split("\t") for line in done.stdout.splitlines()[1:]]

    result = instseg.Predictor(tiny_model).predict(pixels, color="rgb", threshold=0.01)
    assert len(result) > 0
    assert [line[0] for line in lines] == result.labels
    assert [line[4] for line in lines] == [rle["counts"] for rle in result.masks.rle()]
    assert [float(line[1]) for line in lines] == pytest.approx(result.scores.tolist(), abs=5e-5)
    with Image.open(tmp_path / "overlay.ppm") as overlay:
        assert overlay.size == (90, 70)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing", "picture.ppm"], "picture.ppm: cannot be opened"),
        (["missing", __file__], "missing"),
    ],
)
def test_program_says_what_is_wrong(
    program: Path, arguments: list[str], message: str, tmp_path: Path
) -> None:
    done = run(program, *arguments)
    assert done.returncode == 1
    assert message in done.stderr or "PPM" in done.stderr or "JPEG" in done.stderr
