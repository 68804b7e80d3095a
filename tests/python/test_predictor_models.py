"""What a model may be: folders and names, looked up, fetched and imported; engines and options."""

import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from loopback_server import LoopbackServer, Served
from pictures import photo

import instseg
from instseg import (
    DownloadError,
    EngineError,
    ImageError,
    InvalidArgument,
    ModelError,
    Predictor,
    importer,
)

NAME = "Mask-RT-DETR-S"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INSTSEG_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("instseg.download.FIRST_PAUSE_S", 0.001)
    return tmp_path / "cache"


def official_tar(folder: Path) -> bytes:
    """As the official archives are laid out: one folder NAME_infer/, plain tar."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as tar:
        tar.add(folder, f"{NAME}_infer")
    return out.getvalue()


def test_an_official_folder_is_imported_once(tiny_official: Path, cache: Path) -> None:
    stages: list[str] = []
    first = Predictor(tiny_official, progress=lambda stage, fraction: stages.append(stage))
    assert {"read", "optimise", "write"} <= set(stages)
    again: list[str] = []
    second = Predictor(str(tiny_official), progress=lambda stage, fraction: again.append(stage))
    assert not {"read", "optimise", "write"} & set(again)
    folder = Path(first.info()["network_folder"])
    assert folder == Path(second.info()["network_folder"])
    assert folder.is_relative_to(cache)
    assert first.info()["threshold"] == pytest.approx(0.4)
    image = photo(50, 60)
    assert first.predict(image).to_coco() == second.predict(image).to_coco()


def test_an_imported_folder_predicts_as_its_source(
    tiny_official: Path, cache: Path, tmp_path: Path
) -> None:
    network_folder = importer.import_model(tiny_official, tmp_path / "network")
    image = photo(50, 60)
    expected = Predictor(tiny_official).predict(image, threshold=0)
    assert len(expected) > 0
    result = Predictor(network_folder).predict(image, threshold=0)
    np.testing.assert_array_equal(result.boxes, expected.boxes)
    assert result.masks.rle() == expected.masks.rle()


def test_cache_dir_goes_before_the_variable(
    tiny_official: Path, cache: Path, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    predictor = Predictor(tiny_official, cache_dir=mine)
    assert Path(predictor.info()["network_folder"]).is_relative_to(mine)
    assert not cache.exists()


def test_a_name_is_looked_up_in_the_model_dir_then_in_the_cache_then_fetched(
    tiny_model: Path,
    tiny_official: Path,
    cache: Path,
    tmp_path: Path,
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("INSTSEG_MODEL_URL", server.url)
    server.files[f"/{NAME}_infer.tar"] = Served(official_tar(tiny_official))

    fetched = Predictor(NAME)
    assert fetched.info()["model_name"] == "Tiny-3"
    assert len(server.requests) == 1
    assert (cache / "official" / NAME / "inference.yml").exists()

    assert Predictor(NAME).info()["model_name"] == "Tiny-3"
    assert len(server.requests) == 1  # from the cache

    models = tmp_path / "models"
    shutil.copytree(tiny_model, models / f"{NAME}_infer")
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(models))
    assert Predictor(NAME).info()["model_name"] == "Tiny"  # the model dir goes first
    assert len(server.requests) == 1


def test_offline_a_name_says_address_and_folder(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INSTSEG_MODEL_URL", "http://127.0.0.1:9/closed")
    with pytest.raises(DownloadError) as caught:
        Predictor(NAME)
    text = str(caught.value)
    assert f"http://127.0.0.1:9/closed/{NAME}_infer.tar" in text
    assert str(cache / "official" / NAME) in text
    assert "INSTSEG_MODEL_DIR" in text
    assert "refused" in text


@pytest.mark.parametrize(
    ("model", "words"),
    [
        ("Mask-RT-DETR-XL", r"neither a folder nor.*Did you mean 'Mask-RT-DETR-X?L?"),
        ("mask-rt-detr-l", r"Did you mean 'Mask-RT-DETR-L'"),
        ("no/such/folder", "neither a folder nor one of the official names"),
        ("", "The model's name is empty"),
    ],
)
def test_unknown_models(model: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        Predictor(model)


@pytest.mark.parametrize("model", [None, 3, b"Mask-RT-DETR-L", ["a"]])
def test_a_model_is_a_str_or_path(model: Any) -> None:
    with pytest.raises(InvalidArgument, match="expected a folder or a name"):
        Predictor(model)


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        ({"device": "gpu"}, InvalidArgument, r"gpu.*cpu"),
        ({"device": "cuda:0"}, InvalidArgument, r"cuda:0.*cpu"),
        ({"device": None}, InvalidArgument, "device=None; expected a str"),
        ({"engine": "tensorflow"}, InvalidArgument, "tensorflow.*openvino.*tensorrt"),
        ({"engine": "OpenVINO"}, InvalidArgument, "OpenVINO.*openvino"),
        ({"precision": "int8"}, InvalidArgument, "int8.*fp32"),
        ({"num_threads": 0}, InvalidArgument, "num_threads=0; expected an integer from 1"),
        ({"num_threads": 2.5}, InvalidArgument, "num_threads=2.5"),
        ({"num_threads": 100000}, InvalidArgument, "num_threads is 100000; give 1 to 1024"),
        ({"num_streams": 3, "num_threads": 2}, InvalidArgument, "num_streams is 3; give 1 to 2"),
        ({"max_image_pixels": -1}, InvalidArgument, "max_image_pixels=-1"),
    ],
)
def test_unknown_options(
    tiny_model: Path, options: dict[str, Any], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        Predictor(tiny_model, **options)


def test_a_precision_that_the_processor_lacks_names_those_it_has(tiny_model: Path) -> None:
    [engine] = [e for e in instseg.engines() if e["name"] == "openvino"]
    missing = {"bf16", "fp16"} - set(engine["precisions"])
    if not missing:
        pytest.skip("this processor computes in every precision")
    for precision in missing:
        with pytest.raises(InvalidArgument, match=rf"{precision}.*fp32"):
            Predictor(tiny_model, precision=precision)


def test_exceptions_are_those_one_expects_in_python() -> None:
    assert issubclass(InvalidArgument, ValueError)
    assert issubclass(ImageError, InvalidArgument)
    assert issubclass(ModelError, RuntimeError)
    assert issubclass(EngineError, RuntimeError)
    assert issubclass(DownloadError, ModelError)


def damaged(folder: Path, source: Path, change: str) -> Path:
    shutil.copytree(source, folder)
    manifest, network = folder / "instseg.json", folder / "network.onnx"
    if change == "no network":
        network.unlink()
    elif change == "cut network":
        network.write_bytes(network.read_bytes()[:-1])
    elif change == "changed network":
        data = bytearray(network.read_bytes())
        data[len(data) // 2] ^= 1
        network.write_bytes(data)
    elif change == "empty manifest":
        manifest.write_text("")
    elif change == "no json":
        manifest.write_text("{]")
    else:
        content = json.loads(manifest.read_text())
        content.update(json.loads(change))
        manifest.write_text(json.dumps(content))
    return folder


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("no network", r"network\.onnx"),
        ("cut network", r"network\.onnx.*bytes"),
        ("changed network", r"network\.onnx.*(SHA-256|changed|differs)"),
        ("empty manifest", r"instseg\.json"),
        ("no json", r"instseg\.json"),
        ('{"version": 99}', r"instseg\.json.*version"),
        ('{"family": "yolo99"}', "yolo99"),
        ('{"class_names": []}', "class_names"),
        ('{"networks": []}', "networks"),
    ],
)
def test_a_damaged_network_folder_is_named(
    tiny_model: Path, tmp_path: Path, change: str, words: str
) -> None:
    with pytest.raises(ModelError, match=words):
        Predictor(damaged(tmp_path / "damaged", tiny_model, change))


def test_a_cache_that_cannot_be_written_is_no_reason_to_fail(
    tiny_model: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A network folder needs no cache; only compiling takes longer, and the log says so."""
    occupied = tmp_path / "file"
    occupied.write_text("")
    predictor = Predictor(tiny_model, cache_dir=occupied)
    assert len(predictor.predict(photo(40, 50))) > 0
    assert "compiled at every load" in caplog.text


def test_the_compiled_network_is_kept_in_the_cache(tiny_model: Path, cache: Path) -> None:
    image = photo(40, 50)
    first = Predictor(tiny_model).predict(image)
    assert list((cache / "compiled").iterdir())
    assert Predictor(tiny_model).predict(image).to_coco() == first.to_coco()


@pytest.mark.parametrize("content", [b"", b"junk" * 1000])
def test_a_damaged_compiled_network_is_made_again(
    tiny_model: Path, cache: Path, content: bytes
) -> None:
    image = photo(40, 50)
    expected = Predictor(tiny_model).predict(image).to_coco()
    blobs = [path for path in (cache / "compiled").rglob("*") if path.is_file()]
    assert blobs
    for blob in blobs:
        blob.write_bytes(content)
    assert Predictor(tiny_model).predict(image).to_coco() == expected


def test_a_cut_compiled_network_is_made_again(tiny_model: Path, cache: Path) -> None:
    image = photo(40, 50)
    expected = Predictor(tiny_model).predict(image).to_coco()
    [blob] = [path for path in (cache / "compiled").rglob("*") if path.is_file()]
    whole = blob.read_bytes()
    for share in (0.1, 0.5, 0.9, 0.99):
        blob.write_bytes(whole[: int(len(whole) * share)])
        assert Predictor(tiny_model).predict(image).to_coco() == expected
