"""Facts that stand in two places of the project's files agree."""

import re
import sys
from pathlib import Path

import pytest

import instseg

ROOT = Path(__file__).resolve().parents[2]

if sys.version_info < (3, 11):
    pytest.skip("reading pyproject.toml needs Python 3.11", allow_module_level=True)
import tomllib  # noqa: E402

PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def pin(requirements: list[object], name: str) -> str:
    [found] = [r for r in requirements if isinstance(r, str) and re.match(rf"{name}\b", r)]
    return found


def test_openvino_is_pinned_to_the_version_built_against() -> None:
    required = pin(PYPROJECT["project"]["dependencies"], "openvino")
    assert re.fullmatch(r"openvino==\d+\.\d+\.\d+", required)
    assert pin(PYPROJECT["build-system"]["requires"], "openvino") == required
    assert pin(PYPROJECT["dependency-groups"]["build"], "openvino") == required


def test_build_group_holds_the_build_requirements() -> None:
    assert set(PYPROJECT["build-system"]["requires"]) <= set(
        PYPROJECT["dependency-groups"]["build"]
    )


def test_version_is_the_one_of_cmake() -> None:
    [version] = re.findall(
        r"project\(instseg VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    )
    assert instseg.__version__ == version
    assert instseg._core.__version__ == version


def test_the_dependencies_stay_few() -> None:
    assert len(PYPROJECT["project"]["dependencies"]) <= 8


def test_every_model_has_a_configuration() -> None:
    """`wheel.packages` copies the folder."""
    folder = ROOT / "training" / "instseg_train" / "config" / "models"
    assert {file.stem for file in folder.glob("*.yaml")} == set(instseg.OFFICIAL_MODELS)
    assert "training/instseg_train" in PYPROJECT["tool"]["scikit-build"]["wheel"]["packages"]


def test_every_extra_that_an_error_names_exists() -> None:
    """`require(..., extra="video", ...)` in the sources."""
    sources = (ROOT / "python" / "instseg").rglob("*.py")
    named = {
        extra
        for path in sources
        for extra in re.findall(r'extra="(\w+)"', path.read_text(encoding="utf-8"))
    }
    assert named >= {"pandas", "pdf", "supervision", "video"}
    assert named <= set(PYPROJECT["project"]["optional-dependencies"])
