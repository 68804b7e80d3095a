"""The CUDA kernels compile for every GPU they are meant for, and their arithmetic is not joined."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted((ROOT / "cpp" / "src" / "cuda").glob("*.cu"))
# Turing (T4), Ampere, Ada, Hopper, as cmake/cuda.cmake has them; PTX for later ones.
ARCHITECTURES = (75, 80, 86, 89, 90)


@pytest.fixture(scope="module")
def nvcc() -> str:
    """The compiler, of CUDA 11.8 or later."""
    home = os.environ.get("CUDA_HOME", "/usr/local/cuda")
    found = shutil.which("nvcc") or shutil.which("nvcc", path=f"{home}/bin")
    if found is None:
        pytest.skip("nvcc is not installed: the CUDA kernels are not compiled here")
    version = subprocess.run([found, "--version"], capture_output=True, text=True, check=True)
    release = re.search(r"release (\d+)\.(\d+)", version.stdout)
    assert release is not None, version.stdout
    if (int(release[1]), int(release[2])) < (11, 8):
        pytest.skip(f"nvcc {release[1]}.{release[2]} is older than 11.8")
    return found


def compiled(nvcc: str, source: Path, *options: str) -> None:
    command = [nvcc, "-std=c++17", "-Xcompiler=-Wall,-Wextra", "-Werror=all-warnings", *options]
    command += [f"-I{ROOT}/cpp/include", f"-I{ROOT}/cpp/src", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]


def test_there_are_kernels() -> None:
    names = ["finite_launch.cu", "mask_launch.cu", "preprocess_launch.cu"]
    assert [source.name for source in SOURCES] == names


def test_cmake_builds_for_the_same_gpus() -> None:
    text = (ROOT / "cmake" / "cuda.cmake").read_text(encoding="utf-8")
    [listed] = re.findall(r"set\(CMAKE_CUDA_ARCHITECTURES (.*?)\)", text)
    assert [int(entry.removesuffix("-real")) for entry in listed.split()] == [*ARCHITECTURES]
    assert listed.split()[-1] == "90"  # without "-real": machine code and PTX


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_compiles_for_all_gpus(nvcc: str, source: Path, tmp_path: Path) -> None:
    targets = [f"-gencode=arch=compute_{a},code=sm_{a}" for a in ARCHITECTURES[:-1]]
    last = ARCHITECTURES[-1]
    targets.append(f"-gencode=arch=compute_{last},code=[sm_{last},compute_{last}]")
    compiled(nvcc, source, *targets, "-c", "-o", str(tmp_path / "kernels.o"))


@pytest.mark.parametrize("source", SOURCES, ids=lambda source: source.stem)
def test_no_product_and_sum_can_be_joined(nvcc: str, source: Path, tmp_path: Path) -> None:
    """In PTX `.rn` marks arithmetic that must round by itself; without it the assembler may fuse.

    What the CPU kernels compute with is `fma` where they ask for it by name (bicubic), else none.
    """
    ptx = tmp_path / "kernels.ptx"
    compiled(nvcc, source, "-arch=compute_75", "-ptx", "-o", str(ptx))
    operations = re.findall(
        r"^\s*(?:@\S+\s+)?((?:add|sub|mul|mad|fma|div)\.[\w.]*f(?:32|64)\S*)",
        ptx.read_text(encoding="utf-8"),
        re.M,
    )
    assert operations
    assert {operation for operation in operations if ".rn." not in operation} == set()
    fused = [operation for operation in operations if operation.startswith(("fma", "mad"))]
    assert bool(fused) == (source.name == "preprocess_launch.cu")
