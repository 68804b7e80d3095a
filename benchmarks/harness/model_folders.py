"""The model folders of a run: the official one that PaddleX reads, and instseg's import of it."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import yaml


class FolderError(Exception):
    """A model folder is missing or cannot be made."""


@dataclass(frozen=True)
class OfficialFolder:
    """A Paddle inference folder: inference.yml, a program, inference.pdiparams."""

    model_name: str
    path: Path
    weights: str  # "generated" or "own"


def official_folder(model: str, bench_dir: Path, reference_dir: Path) -> OfficialFolder:
    """The folder of `model`, which is the path of a folder or an official name.

    A name's folder is built once under `bench_dir` from the reference data's program and
    generated weights. It holds the `.pdmodel` program alone: PaddleX prefers an `inference.json`
    beside it, and Paddle 3.2.2 cannot read one written by Paddle 3.3.
    """
    if (Path(model) / "inference.yml").is_file():
        description = yaml.safe_load((Path(model) / "inference.yml").read_text(encoding="utf-8"))
        return OfficialFolder(description["Global"]["model_name"], Path(model).resolve(), "own")
    source = reference_dir / "official" / model
    if not (source / "params.json").is_file():
        raise FolderError(
            f"{model} is neither a folder with an inference.yml nor a model in "
            f"{reference_dir / 'official'}: give a folder, or set INSTSEG_REFERENCE_DIR"
        )
    folder = bench_dir / "models" / model
    if not folder.is_dir():
        build(source, folder)
    return OfficialFolder(model, folder.resolve(), "generated")


def build(source: Path, folder: Path) -> None:
    """Unpacks the program and generates the weights; the folder appears whole or not at all."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        shutil.copyfile(source / "inference.yml", made / "inference.yml")
        program = gzip.decompress((source / "inference.pdmodel.gz").read_bytes())
        (made / "inference.pdmodel").write_bytes(program)
        command = [sys.executable, str(source.parent / "make_params.py"), str(source)]
        command += ["--format", "old", "--calm", "--out", str(made / "inference.pdiparams")]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        if done.returncode != 0:
            raise FolderError(f"no weights for {source}: {done.stdout[-2000:]}")
        os.rename(made, folder)


def network_folder(official: OfficialFolder, bench_dir: Path) -> Path:
    """Imports the official folder with the instseg that is installed; always anew."""
    from instseg.importer import import_model

    folder = bench_dir / "networks" / official.model_name
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    import_model(official.path, folder)
    return folder
