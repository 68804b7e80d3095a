"""What Paddle makes of an official folder and the photos: final outputs, and tensors between."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy.typing as npt
from parity.dense_postprocessing import DensePostprocessing
from parity.instances import Instances
from parity.landmarks import Landmarks
from parity.models import Model
from parity.official_folder import OfficialFolder, official_folder
from parity.paddle_run import PaddleOutputs, paddle_outputs
from parity.paddlex_steps import network_inputs, read_image
from parity.program_formats import PIR, ProgramFormat
from parity.stage import Stage, stage_values

from instseg.importer import propagate, read_program
from instseg.importer.ir.graph import Graph

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Seen:
    """One photo: its file and (height, width), what PaddleX feeds for it, what Paddle returned."""

    file: Path
    size: tuple[int, int]
    inputs: Mapping[str, Array]
    outputs: PaddleOutputs


class Reference:
    """A model in one format, run by Paddle on all photos, with the tensors of every stage."""

    def __init__(
        self, model: Model, program_format: ProgramFormat, *, shared: Path, workplace: Path
    ) -> None:
        self.model = model
        self.format = program_format
        self.folder: OfficialFolder = official_folder(
            model.name, program_format, calm=True, shared=shared, made_in=workplace / "official"
        )
        self.program: Graph = read_program(self.folder.program, self.folder.parameters)
        propagate(self.program)
        self.stages: list[Stage] = []
        self.dense: DensePostprocessing | None = None
        if model.family.inside is not None:
            marks = Landmarks(self.program, self.folder.module_paths)
            self.stages = model.family.inside.stages(self.program, marks)
            self.dense = model.family.inside.dense(self.program)
        files = [photo.file(workplace / "photos") for photo in model.family.photos]
        images = [read_image(file) for file in files]
        inputs = [network_inputs(image, self.folder.config) for image in images]
        extra = stage_values(self.stages, list(inputs[0]))
        if self.dense is not None:
            extra += self.dense.values
        self._extra = list(dict.fromkeys(extra))
        outputs = paddle_outputs(
            self.folder,
            program_format,
            inputs,
            graph_optimisation=program_format == PIR or model.family.legacy_graph_optimisation,
            workplace=workplace,
            extra_outputs=self._extra,
        )
        self.photos = {
            file.name: Seen(file, image.shape[:2], feed, output)
            for file, image, feed, output in zip(files, images, inputs, outputs, strict=True)
        }

    def instances(self, photo: str, threshold: float, *, clip_masks: bool = True) -> Instances:
        """What PaddleX would return for the photo."""
        seen = self.photos[photo]
        outputs = seen.outputs
        final = [name for name in outputs.names() if name not in self._extra]
        return self.model.family.instances(
            outputs, final, threshold, seen.size, clip_masks=clip_masks
        )

    def tensors(self, photo: str, stage: Stage) -> dict[str, Array]:
        """The stage's inputs and outputs, by the program's names."""
        seen = self.photos[photo]
        names = dict.fromkeys([*stage.inputs.values(), *stage.outputs.values()])
        return {
            name: seen.inputs[name] if name in seen.inputs else seen.outputs[name] for name in names
        }
