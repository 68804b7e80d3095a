"""Fixtures for all tests; makes the modules in `tests/python` importable."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent / "python"))

from loopback_server import LoopbackServer


@pytest.fixture(autouse=True)
def _own_folders(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """No test sees the user's cache or models, nor the network beyond this machine."""
    monkeypatch.setenv("INSTSEG_CACHE_DIR", str(tmp_path_factory.mktemp("cache")))
    monkeypatch.setenv("INSTSEG_MODEL_URL", "http://127.0.0.1:9/closed")
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.delenv("INSTSEG_MODEL_DIR", raising=False)


@pytest.fixture
def server() -> Iterator[LoopbackServer]:
    with LoopbackServer() as running:
        yield running


@pytest.fixture(scope="session")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A network folder that answers in a millisecond; see tiny_model.py."""
    import tiny_model

    folder = tmp_path_factory.mktemp("models") / "tiny"
    tiny_model.write_network_folder(folder)
    return folder


@pytest.fixture(scope="session")
def tiny_official(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An official folder that is imported in a moment; see tiny_mask_rtdetr.py."""
    sys.path.insert(0, str(Path(__file__).resolve().parent / "python" / "importer"))
    from tiny_mask_rtdetr import TinyMaskRtdetr

    return TinyMaskRtdetr().write(tmp_path_factory.mktemp("models") / "tiny_official")
