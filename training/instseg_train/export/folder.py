"""Writes an official folder, and runs it on the spot."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

from instseg.errors import EngineError, InvalidArgument
from instseg.importer.atomic_folder import atomic_folder
from instseg_train.export.coco_classes import COCO_CLASSES
from instseg_train.export.inference_config import FAMILY_CONFIGS, inference_config
from instseg_train.export.program import ProgramFormat, write_program
from instseg_train.export.verification import Comparison, verify_folder
from instseg_train.models.segmenter import Segmenter
from instseg_train.weights.class_names import checked_class_names
from instseg_train.weights.saved_model import load_model


@dataclass(frozen=True)
class ExportReport:
    """folder: where the model lies; comparison: the SDK against Paddle on it, None if not asked."""

    folder: Path
    comparison: Comparison | None

    def __str__(self) -> str:
        checked = str(self.comparison) if self.comparison else "not verified"
        return f"exported to {self.folder}: {checked}"


def export_model(
    model: Segmenter | str | os.PathLike[str],
    folder: str | os.PathLike[str],
    *,
    class_names: Sequence[str] | None = None,
    input_size: Sequence[int] | None = None,
    program_format: ProgramFormat = "pir",
    overwrite: bool = False,
    verify: bool = True,
    image: str | os.PathLike[str] | None = None,
) -> ExportReport:
    """Exports `model` as an official folder: `inference.yml`, the program, `inference.pdiparams`.

    model           made by `build_model`, it stays as it is; or a file written by `save_model`
    class_names     K names; default: the file's, COCO's for 80 classes, or "class 0", "class 1" ...
    input_size      `target_size`: height and width of Mask-RT-DETR and PP-YOLOE_seg (multiples of
                    32), the shorter and the longest side of the others; default: the file's, or
                    the official one
    program_format  "pir": `inference.json`, read by Paddle 3.0 and newer; "legacy":
                    `inference.pdmodel`, read by all versions
    verify          run the folder in Paddle and in the SDK, and compare what they find on `image`
                    (a file; default: a made-up picture)

    The folder appears whole or not at all. Raises InvalidArgument (class names, size, a folder that
    is there already), EngineError (Paddle cannot write the format; SDK and Paddle disagree).
    """
    if not isinstance(model, Segmenter):
        model, card = load_model(model)
        class_names = card.class_names if class_names is None else class_names
        input_size = card.input_size if input_size is None else input_size
    names = _class_names(model, class_names)
    config = FAMILY_CONFIGS[model.family]
    size = _input_size(config.size if input_size is None else input_size, config.fixed_size)
    target = Path(folder)
    with atomic_folder(target, overwrite=overwrite) as work:
        write_program(
            model,
            work,
            fixed_size=size if config.fixed_size else None,
            program_format=program_format,
        )
        content = inference_config(model.name, model.family, names, size)
        (work / "inference.yml").write_text(
            yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8"
        )
        comparison = verify_folder(work, image) if verify else None
        if comparison is not None and comparison.contradictory:
            raise EngineError(
                f"{target} is not written: the SDK and Paddle disagree: {comparison}."
            )
    return ExportReport(target, comparison)


def _input_size(given: Sequence[int], fixed: bool) -> tuple[int, int]:
    if (
        len(given) != 2
        or not all(isinstance(side, int) and side >= 32 for side in given)
        or (fixed and any(side % 32 for side in given))
    ):
        raise InvalidArgument(
            f"input_size is {given}; give two whole numbers of at least 32"
            + (", multiples of 32" if fixed else "")
        )
    return given[0], given[1]


def _class_names(model: Segmenter, given: Sequence[str] | None) -> list[str]:
    count = model.num_classes
    if given is None:
        if count == len(COCO_CLASSES):
            return list(COCO_CLASSES)
        return [f"class {index}" for index in range(count)]
    return checked_class_names(given, count)
