"""Puts what the training package exports where the SDK's parity suite looks for official folders.

    export PYTHONPATH=training:tests/training
    python tests/training/parity/exported_folders.py DIR [NAME...]
    INSTSEG_PARITY_DIR=DIR python -m pytest tests/e2e/parity -m parity -k "pir and NAME"

The suite then compares the SDK with Paddle on our programs, stage by stage where that is needed
(Mask-RT-DETR-X and -H), with the tolerances and witnesses that it has for the official ones.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from parity.reference_data import filled, parameter_arrays

from instseg_train.export.folder import export_model
from instseg_train.models.segmenter import Segmenter
from instseg_train.models.table import MODELS

MODULE_PATHS = "module_paths.json"


def export(name: str, made_in: Path) -> Path:
    folder = made_in / "official" / f"{name}-pir-calm"
    folder.parent.mkdir(parents=True, exist_ok=True)
    model = filled(name, calm=True)
    export_model(model, folder, verify=False, overwrite=True)
    (folder / MODULE_PATHS).write_text(json.dumps(module_paths(model, folder)), encoding="utf-8")
    return folder


def module_paths(model: Segmenter, folder: Path) -> dict[str, str]:
    """Parameter of the program -> its name in the model: the one with the same values. What the
    export computes (fused convolutions, tables) has none."""
    names = {tensor.numpy().tobytes(): name for name, tensor in model.state_dict().items()}
    return {
        parameter: names[array.tobytes()]
        for parameter, array in parameter_arrays(folder).items()
        if array.tobytes() in names
    }


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    destination, *wanted = sys.argv[1:]
    for model_name in wanted or MODELS:
        print(export(model_name, Path(destination)), flush=True)
