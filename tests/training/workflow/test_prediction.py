"""Mode predict, with a model that answers in a moment."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from loopback_server import LoopbackServer, Served
from pictures import encoded, photo, write_photo

import instseg
from instseg.errors import ImageError, InvalidArgument
from instseg_train.config import read_config
from instseg_train.workflow.prediction import predict


def config(model: Path | None, source: object, output: Path, *more: str) -> object:
    return read_config(
        "Mask-RT-DETR-L",
        [f"Predict.model_dir={model}", f"Predict.input={source}", f"Global.output={output}", *more],
    )


def test_every_picture_of_a_folder_is_written(tiny_model: Path, tmp_path: Path) -> None:
    for index in range(3):
        write_photo(tmp_path / "photos" / f"{index}.jpg", 40 + index, 60, seed=index)
    content = predict(config(tiny_model, tmp_path / "photos", tmp_path / "out"))
    assert sorted(file.name for file in (tmp_path / "out").iterdir()) == [
        f"{index}_segmented.{suffix}" for index in range(3) for suffix in ("jpg", "json")
    ]
    assert [Path(entry["input_path"]).name for entry in content["results"]] == [
        "0.jpg", "1.jpg", "2.jpg",
    ]  # fmt: skip
    predictor = instseg.Predictor(tiny_model)
    for index, entry in enumerate(content["results"]):
        expected = predictor.predict(tmp_path / "photos" / f"{index}.jpg")
        written = json.loads((tmp_path / "out" / f"{index}_segmented.json").read_text())
        assert written["instances"] == expected.to_dict()["instances"]
        assert entry["instances"] == len(expected) == sum(entry["classes"].values()) > 0


def test_threshold_batch_size_and_a_second_run(tiny_model: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "a.png", 50, 60)
    write_photo(tmp_path / "b.png", 30, 60)
    for _ in range(2):  # the second replaces the files, and does not read its own
        content = predict(
            config(
                tiny_model,
                f"[{tmp_path}/a.png, {tmp_path}/b.png]",
                tmp_path / "out",
                "Predict.batch_size=2",
                "Predict.threshold=1.0",
            )
        )
        assert [entry["instances"] for entry in content["results"]] == [0, 0]
    again = predict(config(tiny_model, tmp_path, tmp_path / "out"))
    assert [Path(entry["input_path"]).name for entry in again["results"]] == ["a.png", "b.png"]


def test_an_address(tiny_model: Path, tmp_path: Path, server: LoopbackServer) -> None:
    server.files["/a.png"] = Served(encoded(photo()))
    predict(config(tiny_model, f"{server.url}/a.png", tmp_path / "out"))
    assert {file.name for file in (tmp_path / "out").iterdir()} == {
        "a_segmented.json",
        "a_segmented.png",
    }


def test_the_official_model_where_no_folder_is_given(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Mask-RT-DETR-L").symlink_to(tiny_model)
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(tmp_path))
    write_photo(tmp_path / "a.png", 50, 60)
    content = predict(config(None, tmp_path / "a.png", tmp_path / "out"))
    assert content["model_dir"] == "Mask-RT-DETR-L"


def test_pictures_that_fail_come_after_all_others(tiny_model: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "in" / "good.png", 50, 60)
    (tmp_path / "in" / "bad.png").write_bytes(b"no picture")
    with pytest.raises(ImageError, match=r"1 of 2 pictures failed; the first is .*bad.png"):
        predict(config(tiny_model, tmp_path / "in", tmp_path / "out"))
    assert (tmp_path / "out" / "good_segmented.png").is_file()


def test_what_is_missing(tiny_model: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidArgument, match=r"Predict.input is not given"):
        predict(config(tiny_model, None, tmp_path))
    with pytest.raises(InvalidArgument, match=r"Predict.model_dir is .*nowhere, which does not"):
        predict(config(tmp_path / "nowhere", "a.png", tmp_path))
