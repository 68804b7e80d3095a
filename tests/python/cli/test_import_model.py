"""`instseg import`: from an official folder or name to a network folder."""

import io
import tarfile
from pathlib import Path
from typing import Any

import pytest
from loopback_server import LoopbackServer, Served

from instseg import Predictor, importer


def test_a_network_folder_appears(run: Any, tiny_official: Path, tmp_path: Path) -> None:
    out = tmp_path / "network"
    done = run("import", tiny_official, out)
    assert done.exit_code == 0
    size = sum(path.stat().st_size for path in out.iterdir())
    assert done.stdout == f"{out}: {size / 1e6:.1f} MB\n"
    assert done.stderr == ""
    assert importer.verify_network_folder(out)["model_name"] == "Tiny-3"
    assert Predictor(out).info()["network_folder"] == str(out)


def test_the_program_comes_along_where_asked(run: Any, tiny_official: Path, tmp_path: Path) -> None:
    out = tmp_path / "network"
    assert run("import", tiny_official, out, "--with-program").exit_code == 0
    assert (out / "inference.json").exists()
    assert "program" in importer.verify_network_folder(out)
    assert Predictor(out).info()["networks"][0]["role"] == "main"  # the others still run those


def test_a_name_is_fetched_first(
    run: Any,
    tiny_official: Path,
    tmp_path: Path,
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w") as tar:
        tar.add(tiny_official, "SOLOv2_infer")
    server.files["/SOLOv2_infer.tar"] = Served(archive.getvalue())
    monkeypatch.setenv("INSTSEG_MODEL_URL", server.url)
    assert run("import", "SOLOv2", tmp_path / "network").exit_code == 0
    assert importer.is_network_folder(tmp_path / "network")


def test_an_existing_folder_is_replaced_only_when_asked(
    run: Any, tiny_official: Path, tmp_path: Path
) -> None:
    out = tmp_path / "network"
    run("import", tiny_official, out)
    (out / "instseg.json").write_text("{}")
    done = run("import", tiny_official, out)
    assert done.exit_code == 2
    assert str(out) in done.stderr
    assert (out / "instseg.json").read_text() == "{}"
    assert run("import", tiny_official, out, "--overwrite").exit_code == 0
    importer.verify_network_folder(out)


def test_a_folder_of_other_files_is_never_replaced(
    run: Any, tiny_official: Path, tmp_path: Path
) -> None:
    out = tmp_path / "thesis"
    out.mkdir()
    (out / "chapter1.txt").write_text("years of work")
    assert run("import", tiny_official, out, "--overwrite").exit_code == 2
    assert (out / "chapter1.txt").read_text() == "years of work"


def test_mistakes(run: Any, tiny_model: Path, tiny_official: Path, tmp_path: Path) -> None:
    out = tmp_path / "network"
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken"
    broken.mkdir()
    for name in ("inference.yml", "inference.json"):
        (broken / name).write_bytes((tiny_official / name).read_bytes())
    for source, words, code in (
        (tiny_model, f"{tiny_model} is a network folder already", 2),
        ("nowhere", "'nowhere' is neither a folder nor", 1),
        (tmp_path / "empty", "holds neither inference.yml", 1),
        (broken, "inference.pdiparams", 1),
    ):
        done = run("import", source, out)
        assert (done.exit_code, done.stdout) == (code, "")
        assert done.stderr.startswith("instseg: ")
        assert words in done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert not out.exists()
