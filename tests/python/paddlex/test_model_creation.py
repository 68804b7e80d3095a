"""PaddleX's arguments: what is taken over, and what is refused with a reason."""

import logging
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tiny_model import MODEL_NAME

import instseg
from instseg import InvalidArgument, ModelError
from instseg.paddlex import create_model
from instseg.paddlex.model_creation import _device


def loaded(model: Any) -> dict[str, Any]:
    info: dict[str, Any] = model.predictor.info()
    return info


def test_a_folder_by_every_name(tiny_model: Path) -> None:
    for model in (
        create_model(str(tiny_model)),
        create_model(tiny_model),
        create_model(model=str(tiny_model)),
        create_model(model_dir=str(tiny_model)),
        create_model(MODEL_NAME, str(tiny_model)),
        create_model(model_name=MODEL_NAME, model_dir=tiny_model, device="cpu"),
    ):
        assert model.model_name == MODEL_NAME
        assert loaded(model)["device"] == "cpu"
    assert repr(create_model(tiny_model)) == f"SegmentationModel({MODEL_NAME!r})"


def test_the_facade_is_a_submodule() -> None:
    assert instseg.paddlex.create_model is create_model


def test_another_name_than_the_folders(tiny_model: Path) -> None:
    with pytest.raises(ModelError, match=r"Model name mismatch.*'SOLOv2'.*'Tiny'"):
        create_model("SOLOv2", tiny_model)


def test_no_model_or_two() -> None:
    with pytest.raises(InvalidArgument, match="Give model_name, one of Mask-RT-DETR-S"):
        create_model()
    with pytest.raises(InvalidArgument, match="not both"):
        create_model("a", model="b")
    with pytest.raises(ModelError, match="Did you mean 'SOLOv2'"):
        create_model("SOLO2")


@pytest.mark.parametrize("engine", [None, "paddle", "paddle_static", "hpi", "auto", "openvino"])
def test_engines(engine: str | None, tiny_model: Path) -> None:
    info = loaded(create_model(tiny_model, engine=engine, use_hpip=True))
    assert info["engine"].startswith("openvino")


@pytest.mark.parametrize(
    "options",
    [
        {"engine_config": {"cpu_threads": 1, "run_mode": "mkldnn"}},
        {"engine_config": {"paddle_static": {"cpu_threads": 1}, "hpi": {"x": 2}}},
        {"engine_config": {"hpi": {"cpu_threads": 1}}, "engine": "hpi"},
        {"pp_option": SimpleNamespace(run_mode="paddle", cpu_threads=1)},
    ],
)
def test_threads(options: dict[str, Any], tiny_model: Path) -> None:
    info = loaded(create_model(tiny_model, **options))
    assert (info["num_threads"], info["precision"]) == (1, "fp32")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"engine": "onnxruntime"}, "engine='onnxruntime' is unknown; expected one of paddle,"),
        ({"engine_config": {"enable_cinn": True}}, "'enable_cinn', which instseg has no"),
        ({"engine_config": {"device_type": "gpu"}}, "device='gpu:0', not in engine_config"),
        ({"engine_config": {"hpi": {}, "cpu_threads": 1}}, "mixes options"),
        ({"engine_config": 5}, "expected a dict"),
        ({"engine_config": {"run_mode": "trt_int8"}}, "run_mode='trt_int8' has no counterpart"),
        ({"engine_config": {"cpu_threads": 0}}, "cpu_threads=0"),
        ({"pp_option": 7}, "expected a PaddlePredictorOption"),
        ({"hpi_config": {}}, "hpi_config has no meaning"),
        ({"hpi_params": {}}, "hpi_params has no meaning"),
        ({"genai_config": {}}, "genai_config has no meaning"),
        ({"use_hpip": "yes"}, "use_hpip='yes'"),
        ({"batch_size": 0}, "batch_size=0"),
        ({"threshold": {0: 0.5}}, "threshold="),
        ({"threshold": 1.5}, "threshold=1.5"),
        ({"device": "cpu:0"}, "device='cpu:0'"),
        ({"device": "xpu"}, "device='xpu'"),
        ({"device": 0}, "device=0"),
    ],
)
def test_refusals(options: dict[str, Any], message: str, tiny_model: Path) -> None:
    with pytest.raises(InvalidArgument, match=message):
        create_model(tiny_model, **options)


def test_a_gpu_that_nothing_can_use_is_a_warning(
    tiny_model: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instseg.paddlex.model_creation.engines", lambda: entries("cpu"))
    with caplog.at_level(logging.WARNING, "instseg"):
        model = create_model(tiny_model, device="gpu:1")
    assert "No engine here can use gpu:1; the CPU runs the model." in caplog.text
    assert loaded(model)["device"] == "cpu"


def entries(*devices: str, available: bool = True, automatic: bool = True) -> list[dict[str, Any]]:
    given = {"available": available, "automatic": automatic, "devices": list(devices)}
    return [{"name": "engine", **given}]


@pytest.mark.parametrize(
    ("devices", "asked", "expected"),
    [
        (["cpu"], None, "cpu"),
        (["cpu", "gpu"], None, "gpu"),
        (["cpu", "gpu"], "cpu", "cpu"),
        (["cpu", "gpu"], "gpu", "gpu"),
        (["cpu", "gpu"], "gpu:0", "gpu"),
        (["cpu", "gpu"], "gpu:2", "cpu"),
        (["gpu:0", "gpu:2"], "gpu:2,3", "gpu:2"),
        (["gpu:0", "gpu:2"], "gpu", "gpu:0"),
    ],
)
def test_devices(
    devices: list[str], asked: str | None, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("instseg.paddlex.model_creation.engines", lambda: entries(*devices))
    assert _device(asked) == expected


@pytest.mark.parametrize("why", ["available", "automatic"])
def test_engines_that_auto_cannot_take_do_not_count(
    why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = entries("gpu", **{why: False})
    monkeypatch.setattr("instseg.paddlex.model_creation.engines", lambda: off)
    assert _device(None) == _device("gpu") == "cpu"
