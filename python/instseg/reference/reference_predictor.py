"""The reference engine's stand-in for `_core.Predictor`: official folders instead of networks."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from instseg.errors import EngineError, InvalidArgument
from instseg.image_arrays import Pixels
from instseg.importer.cuts.families import family_of
from instseg.importer.inference_config import read_inference_config
from instseg.importer.model_naming import model_name
from instseg.importer.source_folder import find_source
from instseg.reference.box_rows import box_rows
from instseg.reference.found import Found, Selection
from instseg.reference.network_inputs import network_inputs
from instseg.reference.paddle_device import gpu_index
from instseg.reference.paddle_package import PRECISIONS, REFERENCE_ENGINE
from instseg.reference.paddle_program import PaddleProgram
from instseg.reference.solov2_rows import solov2_rows
from instseg.tiling.tiled_prediction import CoreResult

MAX_THREADS = 1024

RowReader = Callable[..., Found]
"""See `box_rows`."""

# Family -> how its program's outputs are read.
READERS: dict[str, RowReader] = {
    "mask_rtdetr": box_rows,
    "mask_rcnn": box_rows,
    "ppyoloe_seg": box_rows,
    "solov2": solov2_rows,
}
# Where Paddle 3.0.0's graph passes over a legacy program change what it finds.
FRAGILE_FAMILIES = ("mask_rtdetr",)


@dataclass(frozen=True, eq=False)
class ReferenceResult(Found):
    """As `_core.Result`."""

    image_size: tuple[int, int]
    timings: dict[str, float]


class ReferencePredictor:
    """Runs one official folder on images; threads may share it. Methods as of `_core.Predictor`."""

    def __init__(
        self, folder: Path, *, device: str, precision: str, num_threads: int, num_streams: int
    ) -> None:
        """num_threads: 0 = every core this process may use.

        Raises ModelError, InvalidArgument or EngineError.
        """
        gpu = gpu_index(device)
        if precision not in PRECISIONS:
            raise InvalidArgument(
                f'The precision "{precision}" is not available: the engine "{REFERENCE_ENGINE}" '
                f'has "{PRECISIONS[0]}".'
            )
        threads, streams = _shares(num_threads, num_streams)
        source = find_source(folder)
        config = read_inference_config(source.config)
        family = family_of(config.arch)
        self._read = READERS[family.name]
        self._steps = config.preprocess
        self._threshold = config.score_threshold
        self._class_names = config.class_names
        self._model = model_name(config, source.path)
        self._process = os.getpid()
        self._program = PaddleProgram(
            source,
            gpu=gpu,
            threads_per_run=threads // streams,
            num_streams=streams,
            legacy_optimisation=family.name not in FRAGILE_FAMILIES,
        )
        self._num_streams = streams
        self._info = {
            "model_name": self._model,
            "family": family.name,
            "threshold": self._threshold,
            "engine": f"{REFERENCE_ENGINE} {self._program.version}",
            "device": device,
            "precision": precision,
            "num_threads": threads,
            "num_streams": streams,
        }
        self._file = str(source.program)

    def predict(
        self,
        image: NDArray[np.uint8],
        *,
        color: str = "bgr",
        threshold: float | None = None,
        max_detections: int | None = None,
        class_ids: Sequence[int] | None = None,
        clip_masks: bool = True,
    ) -> CoreResult:
        """Raises EngineError or ModelError."""
        self._check_process()
        start = time.perf_counter()
        pixels = Pixels(image, color)
        selection = Selection(
            self._threshold if threshold is None else threshold,
            max_detections,
            class_ids,
            clip_masks,
        )
        inputs = network_inputs(pixels.rgb(), self._steps)
        prepared = time.perf_counter()
        with self._program.run(inputs) as outputs:
            # Includes the wait for a free predictor.
            computed = time.perf_counter()
            height, width = pixels.size
            read = self._read(
                outputs, height, width, selection, len(self._class_names), self._model
            )
        return ReferenceResult(
            boxes=read.boxes,
            scores=read.scores,
            class_ids=read.class_ids,
            masks=read.masks,
            image_size=pixels.size,
            timings={
                "preprocess_ms": (prepared - start) * 1e3,
                "network_ms": (computed - prepared) * 1e3,
                "postprocess_ms": (time.perf_counter() - computed) * 1e3,
            },
        )

    def predict_dlpack(self, capsule: Any, **options: Any) -> CoreResult:
        """Raises InvalidArgument: its steps are OpenCV's, on the CPU."""
        raise InvalidArgument(
            f'The engine "{REFERENCE_ENGINE}" takes images in memory of the CPU; give a host '
            "array: x.cpu().numpy() of PyTorch's, x.get() of CuPy's."
        )

    def predict_batch(
        self, images: Sequence[NDArray[np.uint8]], *, colors: Sequence[str], **options: Any
    ) -> list[CoreResult]:
        """One result per image, in order; num_streams of them side by side."""

        def predict(image: NDArray[np.uint8], color: str) -> CoreResult:
            return self.predict(image, color=color, **options)

        if self._num_streams == 1 or len(images) == 1:
            return list(map(predict, images, colors))
        with ThreadPoolExecutor(self._num_streams) as threads:
            return list(threads.map(predict, images, colors))

    def warm_up(self) -> None:
        """Runs every predictor once, on a grey image."""
        self._check_process()
        grey = np.full((self._steps.height, self._steps.width, 3), 128, np.uint8)
        self._program.run_each(network_inputs(grey, self._steps))

    def info(self) -> dict[str, Any]:
        """Shapes of outputs depend on the image: None."""
        steps = self._steps
        any_size = steps.keep_ratio or steps.pad_stride > 1
        sides = [-1, -1] if any_size else [steps.height, steps.width]
        shapes = {"image": [1, 3, *sides], "im_shape": [1, 2], "scale_factor": [1, 2]}

        def tensors(names: Sequence[str]) -> list[dict[str, Any]]:
            return [{"name": name, "meaning": name, "shape": shapes.get(name)} for name in names]

        network = {
            "role": "main",
            "file": self._file,
            "inputs": tensors(self._program.input_names),
            "outputs": tensors(self._program.output_names),
            "layer_types": {},
        }
        return {**self._info, "class_names": list(self._class_names), "networks": [network]}

    def _check_process(self) -> None:
        if self._process != os.getpid():
            raise EngineError(
                f"This predictor was loaded by process {self._process} and does not work in its "
                f"child {os.getpid()}, which has none of its threads; load one in each process."
            )


def _shares(num_threads: int, num_streams: int) -> tuple[int, int]:
    """Threads, with 0 replaced, and streams; limits as of the core."""
    if not 0 <= num_threads <= MAX_THREADS:
        raise InvalidArgument(f"num_threads is {num_threads}; give 1 to {MAX_THREADS}.")
    threads = num_threads or _usable_cores()
    if not 1 <= num_streams <= threads:
        raise InvalidArgument(
            f"num_streams is {num_streams}; give 1 to {threads}, the number of threads that are "
            "divided among the streams."
        )
    return threads, num_streams


def _usable_cores() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
