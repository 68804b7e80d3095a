"""Whether Paddle is here, by what is installed; and what is said where it is not."""

import sys
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any

import pytest
from official import official

import instseg
from instseg import EngineError, InvalidArgument, Predictor
from instseg.reference import paddle_package


def row() -> dict[str, Any]:
    [engine] = [engine for engine in instseg.engines() if engine["name"] == "paddle"]
    return engine


@pytest.fixture
def nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(paddle_package, "version", missing)


def test_without_paddle(nothing: None, tmp_path: Path) -> None:
    assert not row()["available"]
    words = r"not installed; install it with: pip install 'instseg\[paddle\]'"
    with pytest.raises(EngineError, match=words):
        Predictor(official(tmp_path / "m"), engine="paddle")


@pytest.mark.parametrize(
    ("name", "version", "devices"),
    [("paddlepaddle", "3.3.1", ["cpu"]), ("paddlepaddle-gpu", "3.2.0", ["cpu", "gpu"])],
)
def test_with_paddle(
    install: Callable[..., None], name: str, version: str, devices: list[str]
) -> None:
    install(name, version)
    assert row() == {
        "name": "paddle",
        "available": True,
        "version": version,
        "devices": devices,
        "precisions": ["fp32"],
        "remedy": "",
        "automatic": False,
    }
    assert "paddle" not in sys.modules  # importing it takes seconds


def test_an_old_paddle(install: Callable[..., None]) -> None:
    install("paddlepaddle", "2.6.2")
    assert row()["remedy"] == "paddlepaddle 2.6.2 is too old; install 3.0 or newer"


def test_without_opencv(install: Callable[..., None], monkeypatch: pytest.MonkeyPatch) -> None:
    install("paddlepaddle", "3.3.1")
    monkeypatch.setattr(paddle_package, "find_spec", lambda name: None)
    assert (row()["available"], "opencv-python-headless" in row()["remedy"]) == (False, True)


def test_a_paddle_that_cannot_be_imported(install: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "broken" / "paddle").mkdir(parents=True)
    (tmp_path / "broken" / "paddle" / "__init__.py").write_text("raise OSError('libgomp')\n")
    install("paddlepaddle", "3.3.1", modules=tmp_path / "broken")
    with pytest.raises(EngineError, match=r"3\.3\.1 is installed but cannot be imported: libgomp"):
        Predictor(official(tmp_path / "m"), engine="paddle")


def test_an_unknown_engine_lists_all(tiny_model: Path) -> None:
    with pytest.raises(InvalidArgument, match=r'unknown; .*"openvino",.* "paddle"'):
        Predictor(tiny_model, engine="tensor")


def test_auto_is_the_core(paddle: Any, tiny_model: Path) -> None:
    assert not Predictor(tiny_model).info()["engine"].startswith("paddle")
    assert [e["name"] for e in instseg.engines() if not e["automatic"]] == ["paddle"]
