"""The files beside the networks of a folder: made once, made again where they are not right."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import onnx
import pytest
from tiny_mask_rcnn import TinyMaskRcnn

from instseg.errors import ModelError
from instseg.importer import import_model, verify_network_folder
from instseg.mixed_precision import (
    TABLE_VERSION,
    MixedPrecisionFiles,
    ensure_mixed_precision,
    fp32_layers,
    mixed_precision_files,
)
from instseg.mixed_precision.__main__ import main


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A Mask R-CNN: three networks."""
    TinyMaskRcnn().write(tmp_path / "official")
    return import_model(tmp_path / "official", tmp_path / "model")


def stamps(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*.fp16.*")}


def box_files(folder: Path) -> MixedPrecisionFiles:
    return mixed_precision_files(folder / "box.onnx")


def test_every_network_gets_its_files(folder: Path) -> None:
    before = verify_network_folder(folder)
    records = ensure_mixed_precision(folder)
    assert set(records) == {"main", "box", "mask"}
    assert verify_network_folder(folder) == before
    for network in before["networks"]:
        files = mixed_precision_files(folder / network["file"])
        record = json.loads(files.record.read_text())
        assert record == records[network["role"]]
        assert record["table_version"] == TABLE_VERSION
        assert record["network_sha256"] == network["sha256"]
        names = files.fp32_nodes.read_text().splitlines()
        assert names == record["fp32_layers"] == fp32_layers(folder / network["file"], "mask_rcnn")
        mixed = onnx.load(files.network)
        onnx.checker.check_model(mixed, full_check=True)
        for entries, values in (("inputs", mixed.graph.input), ("outputs", mixed.graph.output)):
            assert [value.name for value in values] == [entry["name"] for entry in network[entries]]
            assert {v.type.tensor_type.elem_type for v in values} == {onnx.TensorProto.FLOAT}
    assert (box_files(folder).network.name, box_files(folder).fp32_nodes.name) == (
        "box.fp16.onnx",
        "box.fp16.fp32-nodes.txt",
    )


def test_they_are_made_once(folder: Path) -> None:
    records = ensure_mixed_precision(folder)
    before = stamps(folder)
    assert len(before) == 9
    assert ensure_mixed_precision(folder) == records
    assert stamps(folder) == before


def cut_network(files: MixedPrecisionFiles) -> None:
    files.network.write_bytes(files.network.read_bytes()[:-1])


def change_network(files: MixedPrecisionFiles) -> None:
    content = bytearray(files.network.read_bytes())
    content[-1] ^= 1
    files.network.write_bytes(content)


def shorten_names(files: MixedPrecisionFiles) -> None:
    files.fp32_nodes.write_text("")


def of_another_table(files: MixedPrecisionFiles) -> None:
    record = json.loads(files.record.read_text())
    files.record.write_text(json.dumps({**record, "table_version": TABLE_VERSION + 1}))


def of_another_network(files: MixedPrecisionFiles) -> None:
    record = json.loads(files.record.read_text())
    files.record.write_text(json.dumps({**record, "network_sha256": "0" * 64}))


def no_record(files: MixedPrecisionFiles) -> None:
    files.record.unlink()


def no_json(files: MixedPrecisionFiles) -> None:
    files.record.write_text("[" * 100_000)


DAMAGES = [
    cut_network,
    change_network,
    shorten_names,
    of_another_table,
    of_another_network,
    no_record,
    no_json,
]


@pytest.mark.parametrize("damage", DAMAGES)
def test_what_is_not_right_is_made_again(
    damage: Callable[[MixedPrecisionFiles], None], folder: Path
) -> None:
    records = ensure_mixed_precision(folder)
    contents = {file.name: file.read_bytes() for file in folder.glob("*.fp16.*")}
    before = stamps(folder)
    damage(box_files(folder))
    assert ensure_mixed_precision(folder) == records
    assert {file.name: file.read_bytes() for file in folder.glob("*.fp16.*")} == contents
    changed = {name for name, stamp in stamps(folder).items() if before[name] != stamp}
    assert changed == {name for name in before if name.startswith("box.")}


@pytest.mark.parametrize("name", ["box.fp16.onnx", "box.fp16.fp32-nodes.txt", "box.fp16.json"])
def test_a_folder_that_cannot_be_written(name: str, folder: Path) -> None:
    """A folder stands where a file is to be: root may write anywhere."""
    (folder / name).mkdir()
    with pytest.raises(
        ModelError, match=r"box\.onnx cannot be kept beside it: .*make it once with"
    ):
        ensure_mixed_precision(folder)


def test_nothing_is_written_once_they_exist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    records = ensure_mixed_precision(folder)
    monkeypatch.setattr("instseg.mixed_precision.folder.atomic_file", None)
    monkeypatch.setattr("instseg.mixed_precision.network.atomic_file", None)
    assert ensure_mixed_precision(folder) == records


def test_the_command(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(folder)]) == 0
    text = capsys.readouterr().out
    assert "box: 3 of 6 layers in half, " in text
    assert "FP32:    2 class probabilities" in text
    assert main([str(folder / "absent")]) == 1
    assert "absent" in capsys.readouterr().err
    for wrong in ([], ["--help"], ["a", "b"]):
        assert main(wrong) == 2
        assert "NETWORK_FOLDER" in capsys.readouterr().err
