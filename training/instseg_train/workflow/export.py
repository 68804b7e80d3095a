"""Mode export."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from instseg.errors import ModelError
from instseg.optional_package import require
from instseg_train.config import Config

if TYPE_CHECKING:
    from instseg_train.models.segmenter import Segmenter

# Readers take the first of these that is there, and `inference.yml` for the sign of a model.
PROGRAMS = ("inference.json", "inference.pdmodel")
# Within the output folder, for a moment.
_FRESH = ".exported"


def export(config: Config) -> dict[str, Any]:
    """Exports Export.weight_path into `Global.output`, whose other files stay as they are.

    A checkpoint of ours says itself which model it is; of other weights Global.model, Train.scale
    and Train.num_classes say it, or they have COCO's 80 classes. Raises InvalidArgument: nothing
    there; ModelError: weights that do not fit; and what `export_model` raises.
    """
    require("paddle", extra="train", purpose="export")
    from instseg_train.export import export_model
    from instseg_train.workflow.weights import local_weights

    section = config.export
    weights = local_weights(
        section.weight_path, key="Export.weight_path", output=config.general.output
    )
    model = weights.file if weights.has_card else _built(config, weights.file)
    output = Path(config.general.output).expanduser()
    report = export_model(
        model,
        output / _FRESH,
        input_size=section.input_size,
        program_format=section.program_format,
        overwrite=True,  # a killed run may have left it
    )
    files = _move_into(output / _FRESH, output)
    print(f"exported to {output}: {report.comparison}")
    return {"model_dir": str(output), "files": files, "verification": str(report.comparison)}


def _built(config: Config, file: Path) -> Segmenter:
    from instseg_train import build_model, load_weights
    from instseg_train.export.coco_classes import COCO_CLASSES

    name, scale = config.general.model, config.train.scale.model_dump()
    counts = dict.fromkeys((len(COCO_CLASSES), config.train.num_classes))
    errors = []
    for count in counts:
        model = build_model(name, count, **scale)
        try:
            load_weights(model, file, strict=True)
        except ModelError as error:
            errors.append(error)
        else:
            return model
    tried = " or ".join(str(count) for count in counts)
    raise ModelError(
        f"{file} does not fit {name} with {tried} classes; give Global.model and Train.num_classes "
        f"of these weights. {errors[-1]}"
    ) from errors[-1]


def _move_into(source: Path, target: Path) -> list[str]:
    """Puts the files of an exported model into a folder that may hold others, each whole; the one
    that tells readers of a model comes last. Their names."""
    names = sorted((file.name for file in source.iterdir()), key=lambda n: n == "inference.yml")
    (target / "inference.yml").unlink(missing_ok=True)
    for name in PROGRAMS:
        if name not in names:
            (target / name).unlink(missing_ok=True)
    for name in names:
        os.replace(source / name, target / name)
    source.rmdir()
    return names
