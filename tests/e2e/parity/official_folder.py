"""Official folders with generated weights, from the shared data; made once per model and format."""

from __future__ import annotations

import gzip
import importlib.util
import json
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from parity.program_formats import ProgramFormat

MODULE_PATHS = "module_paths.json"


@dataclass(frozen=True)
class OfficialFolder:
    """path: the folder; module_paths: parameter of the program -> its name in PaddleDetection."""

    path: Path
    program: Path
    parameters: Path
    module_paths: dict[str, str]

    @property
    def config(self) -> Path:
        return self.path / "inference.yml"


def official_folder(
    model: str, program_format: ProgramFormat, *, calm: bool, shared: Path, made_in: Path
) -> OfficialFolder:
    """`calm`: quiet residual branches in the decoder of Mask-RT-DETR (the shared data's README)."""
    source = shared / "official" / model
    folder = made_in / f"{model}-{program_format.name}{'-calm' if calm else ''}"
    if not folder.is_dir():
        _build(source, program_format, calm, folder)
    return OfficialFolder(
        path=folder,
        program=folder / program_format.program,
        parameters=folder / "inference.pdiparams",
        module_paths=_module_paths(folder, source, program_format),
    )


def _module_paths(folder: Path, source: Path, program_format: ProgramFormat) -> dict[str, str]:
    """A folder that was put there by others (tests/training/parity/exported_folders.py) brings its
    own."""
    own = folder / MODULE_PATHS
    if own.is_file():
        paths: dict[str, str] = json.loads(own.read_text(encoding="utf-8"))
        return paths
    spec = json.loads((source / "params.json").read_text(encoding="utf-8"))
    entries = spec.get(program_format.name, spec["pir"])
    return {name: how["from"] for name, _, _, how in entries if "from" in how}


def _build(source: Path, program_format: ProgramFormat, calm: bool, folder: Path) -> None:
    """The folder appears whole or not at all."""
    make_params = _module(source.parent / "make_params.py")
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=folder.parent) as scratch:
        made = Path(scratch) / folder.name
        made.mkdir()
        shutil.copyfile(source / "inference.yml", made / "inference.yml")
        packed = source / f"{program_format.program}.gz"
        (made / program_format.program).write_bytes(gzip.decompress(packed.read_bytes()))
        arrays = make_params.arrays(source, program_format.name, calmed=calm)
        make_params.weights.write_pdiparams(made / "inference.pdiparams", arrays)
        os.rename(made, folder)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
