"""A fake Paddle that is installed for one test, and official folders for it."""

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))


def forget_paddle() -> None:
    for name in [n for n in sys.modules if n == "paddle" or n.startswith("paddle.")]:
        del sys.modules[name]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """install("paddlepaddle", "3.3.1"): as pip would, with the fake's modules."""

    def install(name: str, version: str, modules: Path = HERE / "fake_paddle") -> None:
        site = tmp_path / "site"
        info = site / f"{name.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        text = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
        (info / "METADATA").write_text(text, encoding="utf-8")
        forget_paddle()
        monkeypatch.syspath_prepend(site)
        monkeypatch.syspath_prepend(modules)

    before = {n: m for n, m in sys.modules.items() if n == "paddle" or n.startswith("paddle.")}
    yield install
    forget_paddle()
    sys.modules.update(before)


@pytest.fixture
def paddle(install: Callable[..., None]) -> Any:
    """The fake module, installed as a Paddle for the CPU."""
    install("paddlepaddle", "3.3.1")
    import paddle

    assert Path(paddle.__file__).is_relative_to(HERE)
    return paddle
