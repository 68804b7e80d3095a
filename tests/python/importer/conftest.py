"""Makes the builders of tiny programs beside this file importable; finds the shared data."""

import gzip
import importlib.util
import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

REPOSITORY = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def reference_dir() -> Path:
    """The shared data, from INSTSEG_REFERENCE_DIR or beside the repository."""
    folder = Path(os.environ.get("INSTSEG_REFERENCE_DIR", REPOSITORY.parent / "shared"))
    if not (folder / "official" / "make_params.py").is_file():
        pytest.skip(f"no shared data in {folder}; name the folder in INSTSEG_REFERENCE_DIR")
    return folder


@pytest.fixture(scope="session")
def official_folder(
    reference_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., Path]:
    """official_folder("Mask-RT-DETR-S", "pir" | "old"): program, configuration, calm weights.

    With weights=False they are zeros, which are made in no time.
    """
    spec = importlib.util.spec_from_file_location(
        "make_params", reference_dir / "official" / "make_params.py"
    )
    assert spec is not None
    assert spec.loader is not None
    make_params = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(make_params)
    made: dict[tuple[str, str, bool], Path] = {}

    def zeros(name: str, shape: list[int]) -> np.ndarray[Any, Any]:
        return np.zeros(shape, np.float32)

    def make(model: str, program_format: str, *, weights: bool = True) -> Path:
        key = (model, program_format, weights)
        if key not in made:
            source = reference_dir / "official" / model
            folder = tmp_path_factory.mktemp(f"{model}-{program_format}")
            program = "inference.json" if program_format == "pir" else "inference.pdmodel"
            (folder / program).write_bytes(gzip.decompress((source / f"{program}.gz").read_bytes()))
            shutil.copyfile(source / "inference.yml", folder / "inference.yml")
            get = None if weights else zeros
            arrays = make_params.arrays(source, program_format, get=get, calmed=weights)
            make_params.weights.write_pdiparams(folder / "inference.pdiparams", arrays)
            made[key] = folder
        return made[key]

    return make
