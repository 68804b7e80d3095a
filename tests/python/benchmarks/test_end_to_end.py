"""The command itself, as far as it goes without models: arguments, folders, photo, messages."""

import os
from pathlib import Path

import end_to_end
import pytest
from harness import machine
from harness.model_folders import FolderError, official_folder
from harness.photo import default_photo
from PIL import Image

REFERENCE = Path(
    os.environ.get("INSTSEG_REFERENCE_DIR", Path(__file__).resolve().parents[4] / "shared")
)


def test_bf16_is_left_out_with_a_note_where_the_cpu_has_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(machine, "has_bf16", lambda: False)
    precisions, [note] = end_to_end.supported_precisions(["fp32", "bf16"])
    assert precisions == ["fp32"]
    assert "amx_bf16 or avx512_bf16" in note
    monkeypatch.setattr(machine, "has_bf16", lambda: True)
    assert end_to_end.supported_precisions(["fp32", "bf16"]) == (["fp32", "bf16"], [])


def test_bf16_comes_from_the_cpu_flags(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machine, "cpu_flags", lambda: {"avx2", "avx512f"})
    assert not machine.has_bf16()
    monkeypatch.setattr(machine, "cpu_flags", lambda: {"avx2", "avx512f", "avx512_bf16"})
    assert machine.has_bf16()


@pytest.mark.parametrize("value", ["0", "-1", "x"])
def test_counts_must_be_positive(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        end_to_end.parse_arguments(["--rounds", value])
    assert "--rounds" in capsys.readouterr().err


def test_the_photo_is_1080p_and_made_once(tmp_path: Path) -> None:
    path = default_photo(tmp_path / "photo.jpg")
    with Image.open(path) as photo:
        assert (photo.format, photo.size) == ("JPEG", (1920, 1080))
        assert photo.getextrema() != ((0, 0), (0, 0), (0, 0))
    made = path.stat().st_mtime_ns
    assert default_photo(path).stat().st_mtime_ns == made


def test_an_own_folder_is_taken_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "inference.yml").write_text("Global: {model_name: SOLOv2}\n")
    folder = official_folder(str(tmp_path), tmp_path / "bench", tmp_path / "nowhere")
    assert (folder.model_name, folder.path, folder.weights) == ("SOLOv2", tmp_path, "own")


def test_an_unknown_model_says_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(FolderError, match=r"YOLO is neither a folder .* INSTSEG_REFERENCE_DIR"):
        official_folder("YOLO", tmp_path, tmp_path)


@pytest.mark.skipif(
    not (REFERENCE / "official").is_dir(), reason="no reference data (INSTSEG_REFERENCE_DIR)"
)
def test_a_generated_folder_holds_the_old_program_alone(tmp_path: Path) -> None:
    folder = official_folder("Mask-RT-DETR-S", tmp_path, REFERENCE)
    assert folder.weights == "generated"
    names = sorted(path.name for path in folder.path.iterdir())
    assert names == ["inference.pdiparams", "inference.pdmodel", "inference.yml"]
    assert (folder.path / "inference.pdiparams").stat().st_size == 59_405_959
