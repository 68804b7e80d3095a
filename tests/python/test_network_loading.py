"""When loading prepares networks in mixed precision: for TensorRT, where it is there, and FP16."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import tiny_model

from instseg import network_loading
from instseg.network_loading import load_model


class Core:
    """Stands for the core's Predictor, which needs a GPU for this."""

    def __init__(self, folder: str, **options: Any) -> None:
        self.mixed = sorted(file.name for file in Path(folder).glob("*.fp16.*"))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSTSEG_CACHE_DIR", str(tmp_path / "cache"))
    tiny_model.write_network_folder(tmp_path / "model")
    return tmp_path / "model"


def prepared(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    available: bool = True,
    engine: str = "tensorrt",
    device: str = "gpu",
    precision: str = "fp16",
) -> list[str]:
    """The files in mixed precision that the core finds."""
    row = {"name": "tensorrt", "available": available}
    monkeypatch.setattr(network_loading, "engines", lambda: [row])
    monkeypatch.setattr(network_loading, "check_engine", lambda name: name)
    monkeypatch.setattr(network_loading._core, "Predictor", Core)
    options = {"device": device, "precision": precision, "num_threads": 1, "num_streams": 1}
    loaded = load_model(
        folder, engine=engine, cache_dir=None, max_image_pixels=1000, progress=None, **options
    )
    assert isinstance(loaded.core, Core)
    return loaded.core.mixed


@pytest.mark.parametrize("engine", ["tensorrt", "auto"])
@pytest.mark.parametrize("device", ["gpu", "gpu:1"])
def test_they_are_there_before_the_core_loads(
    engine: str, device: str, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared(folder, monkeypatch, engine=engine, device=device) == [
        "network.fp16.fp32-nodes.txt",
        "network.fp16.json",
        "network.fp16.onnx",
    ]


@pytest.mark.parametrize(
    "other",
    [{"precision": "fp32"}, {"device": "cpu"}, {"engine": "openvino"}, {"available": False}],
)
def test_nothing_is_prepared_otherwise(
    other: dict[str, Any], folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert prepared(folder, monkeypatch, **other) == []
