"""The wheel, built once, works in a fresh environment: command line, Python and C++."""

import json
import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import document_blocks
import pytest
from pictures import write_photo

import instseg
from instseg.cli.demo import MAX_OVERLAP
from instseg.demo.photos import PHOTOS

ROOT = Path(__file__).resolve().parents[2]
TOOLS = Path(sys.executable).parent


@pytest.fixture(scope="module")
def wheel() -> Path:
    wheels = list((ROOT / "dist").glob("instseg-*.whl"))
    if len(wheels) != 1:
        pytest.skip(f"dist/ holds {len(wheels)} wheels, `make build` leaves one")
    return wheels[0]


@pytest.fixture(scope="module")
def environment(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` of a new virtual environment that holds the wheel and what it asks for."""
    folder = tmp_path_factory.mktemp("fresh") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder], check=True)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    install = ["--python", folder / "bin" / "python", "install", "--quiet", "--no-compile", wheel]
    subprocess.run([*pip, *install], check=True)
    return folder / "bin"


def run(command: list[object], folder: Path) -> subprocess.CompletedProcess[str]:
    """Runs with nothing of the surrounding environment on the search paths."""
    outside = {k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "LD_LIBRARY_PATH")}
    return subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        cwd=folder,
        env=outside,
        check=False,
    )


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
        "instseg_train/__init__.py",
    ):
        assert any(name.startswith(part) for name in names), part
    for model in instseg.OFFICIAL_MODELS:
        assert f"instseg_train/config/models/{model}.yaml" in names
    assert not [name for name in names if not name.startswith("instseg")]
    assert not [name for name in names if "openvino" in name.lower() and name.endswith(".so")]


def test_wheel_holds_the_demo_model(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    sizes = {
        info.filename: info.file_size
        for info in archive.infolist()
        if info.filename.startswith("instseg/demo/model/")
    }
    assert {name.removeprefix("instseg/demo/model/") for name in sizes} == {
        *("inference.yml", "inference.json", "inference.pdiparams"),
        *("model_card.json", "training.yaml"),
    }
    assert sum(sizes.values()) <= 6_000_000


def test_headers_are_those_of_the_api_and_ask_for_nothing_else(wheel: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    headers = [name for name in archive.namelist() if name.endswith(".h")]
    assert len(headers) >= 7
    for header in headers:
        for line in archive.read(header).decode().splitlines():
            if line.startswith("#include") and "<" not in line:
                assert '"instseg/' in line, f"{header}: {line}"
            elif line.startswith("#include"):
                assert re.fullmatch(r"#include <[a-z_]+>", line), f"{header}: {line}"


def test_command_line_in_a_fresh_environment(
    environment: Path, tiny_model: Path, tmp_path: Path
) -> None:
    picture = write_photo(tmp_path / "picture.png", 70, 90)
    done = run(
        [environment / "instseg", "predict", tiny_model, picture, "--output", tmp_path / "out"],
        tmp_path,
    )
    assert done.returncode == 0, done.stderr
    assert {path.suffix for path in (tmp_path / "out").iterdir()} == {".json", ".png"}
    found = json.loads((tmp_path / "out" / "picture_segmented.json").read_text())
    expected = instseg.Predictor(tiny_model).predict(picture)
    assert found["instances"] == expected.to_dict()["instances"]
    assert len(expected) > 0
    checked = run([environment / "instseg", "doctor"], tmp_path)
    assert checked.stdout.endswith("Ready.\n"), checked.stdout
    assert str(environment.parent) in checked.stdout


def test_demo_in_a_fresh_environment(environment: Path, tmp_path: Path) -> None:
    """Without extras, on a picture of one's own; without one, it says what brings the photos."""
    done = run([environment / "instseg", "demo"], tmp_path)
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'instseg[demo]'" in done.stderr
    assert "instseg demo IMAGE" in done.stderr
    PHOTOS["coins"]().save(tmp_path / "mine.png")
    done = run([environment / "instseg", "demo", "mine.png", "--output", "out"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    found = json.loads((tmp_path / "out" / "mine_segmented.json").read_text())
    everything = instseg.Predictor(instseg.demo_model()).predict(tmp_path / "mine.png")
    expected = everything.select(max_overlap=MAX_OVERLAP)
    assert found["instances"] == expected.to_dict()["instances"]
    assert len(expected) > 20
    assert (tmp_path / "out" / "mine_segmented.png").is_file()


def test_the_training_package_says_what_it_needs_in_a_fresh_environment(
    environment: Path, tmp_path: Path
) -> None:
    needs = "pip install 'instseg[train]'"
    command = run([environment / "instseg", "demo-dataset", tmp_path / "coins"], tmp_path)
    assert (command.returncode, command.stdout) == (1, "")
    assert command.stderr.startswith("instseg: instseg demo-dataset needs the package scipy")
    assert needs in command.stderr
    for words in (["train", "-c", "SOLOv2"], ["evaluate", "coins"], ["export", "a.pdparams"]):
        command = run([environment / "instseg", *words], tmp_path)
        assert (command.returncode, command.stdout) == (1, "")
        assert command.stderr.startswith(f"instseg: instseg {words[0]} needs the package ")
        assert needs in command.stderr
    shown = run([environment / "instseg", "config", "list"], tmp_path)
    assert shown.stdout.split() == list(instseg.OFFICIAL_MODELS)
    code = "import instseg_train; instseg_train.build_model"
    done = run([environment / "python", "-W", "error", "-c", code], tmp_path)
    assert "MissingPackage: instseg_train.build_model needs the package paddle" in done.stderr
    assert needs in done.stderr


def test_every_module_can_be_imported_in_a_fresh_environment(
    environment: Path, tmp_path: Path
) -> None:
    """No module needs a package that only the developers' environment holds."""
    code = (
        "import importlib, pkgutil, instseg\n"
        "for m in pkgutil.walk_packages(instseg.__path__, 'instseg.'):\n"
        "    importlib.import_module(m.name)\n"
        "[getattr(instseg, name) for name in instseg.__all__]\n"
    )
    done = run([environment / "python", "-W", "error", "-c", code], tmp_path)
    assert done.returncode == 0, done.stderr


def test_the_program_of_the_embedding_page_builds_and_runs(
    environment: Path, tiny_model: Path, tmp_path: Path
) -> None:
    page = ROOT / "docs" / "embedding.md"
    [project] = document_blocks.blocks(page, "cmake")
    [program] = document_blocks.blocks(page, "cpp")
    (tmp_path / "CMakeLists.txt").write_text(project)
    (tmp_path / "main.cpp").write_text(program)
    shown = run([environment / "instseg", "--cmake-dir"], tmp_path)
    cmake_dir = Path(shown.stdout.strip())
    assert cmake_dir.is_relative_to(environment.parent.resolve())
    cmake = [TOOLS / "cmake", "-S", ".", "-B", "build", f"-Dinstseg_DIR={cmake_dir}"]
    ninja = ["-G", "Ninja", f"-DCMAKE_MAKE_PROGRAM={TOOLS / 'ninja'}"]
    warnings = ["-DCMAKE_CXX_FLAGS=-Wall -Wextra -Wconversion -Werror"]
    configured = run([*cmake, *ninja, *warnings], tmp_path)
    assert configured.returncode == 0, configured.stderr
    built = run([TOOLS / "cmake", "--build", "build"], tmp_path)
    assert built.returncode == 0, built.stdout + built.stderr
    (tmp_path / "mask_rt_detr_l").symlink_to(tiny_model)
    done = run(["build/my_app"], tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert len(lines) > 0
    assert all(" pixels, RLE " in line for line in lines)
