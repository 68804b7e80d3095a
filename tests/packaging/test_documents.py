"""What the documents tell the reader to type works: Python, commands, make targets, links."""

import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import document_blocks
import pytest
from loopback_server import LoopbackServer, Served
from pictures import encoded, photo, write_photo
from PIL import Image
from typer.testing import CliRunner

ROOT = document_blocks.ROOT
DOCUMENTS = document_blocks.DOCUMENTS
MODEL = "Mask-RT-DETR-L"
# What stands for the reader's own files in command lines.
PLACEHOLDERS = {
    "MODEL": f"{MODEL}_infer",
    "MODEL...": f"{MODEL}_infer",
    "MaskRCNN-ResNet50-FPN_infer/": f"{MODEL}_infer",
    "models/*": f"{MODEL}_infer",
    "SOURCE...": "street.jpg",
    "[IMAGE]": "street.jpg",
    "DIR": "placeholder_results",
    "OFFICIAL_FOLDER": "official",
    "NETWORK_FOLDER": "network",
    "FOLDER": f"{MODEL}_infer",
}


def names(document: Path) -> str:
    return str(document.relative_to(ROOT))


@pytest.fixture
def reader(
    tmp_path: Path,
    tiny_model: Path,
    tiny_official: Path,
    server: LoopbackServer,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """The reader's folder: a model with COCO-like classes, photos, a server."""
    shutil.copytree(tiny_model, tmp_path / f"{MODEL}_infer")
    manifest = tmp_path / f"{MODEL}_infer" / "instseg.json"
    content = json.loads(manifest.read_text())
    content["model_name"] = MODEL
    content["class_names"] = ["person", "car", "bus"]
    manifest.write_text(json.dumps(content))
    shutil.copytree(tiny_official, tmp_path / "official")
    write_photo(tmp_path / "street.jpg", 90, 120)
    write_photo(tmp_path / "aerial.jpg", 700, 900)
    pages = [Image.fromarray(photo(30, 40, seed=page)) for page in range(2)]
    pages[0].save(tmp_path / "scan.tif", save_all=True, append_images=pages[1:])
    for i in range(3):
        write_photo(tmp_path / "photos" / f"{i}.jpg", 40 + i, 60, seed=i)
        write_photo(tmp_path / "more" / f"{i}.jpg", 40, 60 + i, seed=i)
    server.files["/a.png"] = Served(encoded(photo()))
    monkeypatch.setenv("INSTSEG_MODEL_DIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_python_blocks_run_one_after_the_other(
    document: Path, reader: Path, server: LoopbackServer
) -> None:
    given: dict[str, Any] = {"frame_a": photo(30, 40), "frame_b": photo(50, 60)}
    for number, block in enumerate(document_blocks.blocks(document, "python")):
        code = compile(
            block.replace("https://example.com", server.url), f"{document.name}[{number}]", "exec"
        )
        exec(code, given)
    if "result" in given:
        assert given["result"].error is None
    if "results" in given:
        assert [r.image_size for r in given["results"]] == [(30, 40), (50, 60)]


def commands(document: Path) -> list[list[str]]:
    """Every `instseg ...` line, without its comment."""
    lines = [
        line
        for block in document_blocks.blocks(document, "bash")
        for line in block.splitlines()
        if line.startswith("instseg ")
    ]
    return [shlex.split(line, comments=True)[1:] for line in lines]


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_command_lines_succeed(document: Path, reader: Path) -> None:
    from instseg.cli.app import app

    for number, command in enumerate(commands(document)):
        words = [PLACEHOLDERS.get(word, word) for word in command]
        if words[0] == "import":
            words[1:] = ["official", f"network_{number}"]
        if words[0] in ("predict", "demo"):
            words.append("--overwrite")
        done = CliRunner().invoke(app, words)
        assert done.exit_code == 0, (command, done.output)


def test_the_documents_hold_commands_and_python() -> None:
    """Else the tests above would pass on nothing."""
    assert sum(len(commands(document)) for document in DOCUMENTS) >= 8
    assert sum(len(document_blocks.blocks(d, "python")) for d in DOCUMENTS) >= 4


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_make_targets_exist(document: Path) -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    for block in document_blocks.blocks(document, "bash"):
        for target in re.findall(r"^make ([a-z-]+)", block, re.MULTILINE):
            assert re.search(rf"^[a-z -]*\b{target}\b[a-z -]*:", makefile, re.MULTILINE), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=names)
def test_links_lead_to_files(document: Path) -> None:
    text = document.read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", text):
        if not target.startswith("http"):
            assert (document.parent / target).exists(), target
