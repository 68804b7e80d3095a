"""An official program, loaded and run by Paddle Inference, whole as it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Lock
from typing import Any

from numpy.typing import NDArray

from instseg.errors import EngineError
from instseg.importer.source_folder import SourceFolder
from instseg.reference.paddle_device import check_gpu
from instseg.reference.paddle_output import PaddleOutput
from instseg.reference.paddle_package import import_paddle

Outputs = Mapping[str, PaddleOutput]

# MiB that Paddle takes on a GPU at once; it grows from there. As PaddleX.
GPU_MEMORY_MB = 100


class PaddleProgram:
    """Runs are made by clones of one predictor, which share its weights: one thread uses one.

    Paddle 3.3 holds the interpreter lock while it runs, 3.0 does not (both measured).
    """

    def __init__(
        self,
        source: SourceFolder,
        *,
        gpu: int | None,
        threads_per_run: int,
        num_streams: int,
        legacy_optimisation: bool,
    ) -> None:
        """gpu: its number, None for the CPU. legacy_optimisation: see `_configured`.

        Raises EngineError.
        """
        self._paddle = import_paddle()
        if gpu is not None:
            check_gpu(self._paddle, gpu)
        self.version = str(self._paddle.__version__)
        self._what = str(source.program)
        self._gpu = gpu
        self._num_streams = num_streams
        self._warming_up = Lock()
        with self._errors("load"):
            config = _configured(
                self._paddle.inference, source, gpu, threads_per_run, legacy_optimisation
            )
            first = self._paddle.inference.create_predictor(config)
            self._predictors: SimpleQueue[Any] = SimpleQueue()
            self._predictors.put(first)
            for _ in range(1, num_streams):
                self._predictors.put(first.clone())
            self.input_names = [str(name) for name in first.get_input_names()]
            self.output_names = [str(name) for name in first.get_output_names()]

    @contextmanager
    def run(self, inputs: Mapping[str, NDArray[Any]]) -> Iterator[Outputs]:
        """Waits for a free predictor and runs it; the outputs are valid inside. EngineError."""
        predictor = self._predictors.get()
        try:
            yield self._outputs(predictor, inputs)
        finally:
            self._predictors.put(predictor)

    def run_each(self, inputs: Mapping[str, NDArray[Any]]) -> None:
        """Runs every predictor once; waits for those in use."""
        # One at a time: two callers that hold some predictors each would wait for each other.
        with self._warming_up:
            held = []
            try:
                for _ in range(self._num_streams):
                    held.append(self._predictors.get())
                    self._outputs(held[-1], inputs)
            finally:
                for predictor in held:
                    self._predictors.put(predictor)

    def _outputs(self, predictor: Any, inputs: Mapping[str, NDArray[Any]]) -> Outputs:
        unknown = sorted(set(self.input_names) - set(inputs))
        if unknown:
            raise EngineError(
                f"{self._what} takes {', '.join(unknown)}, which no official program does; it "
                f"takes {', '.join(sorted(inputs))}."
            )
        if not self._paddle.in_dynamic_mode():
            raise EngineError(
                "Paddle is in static graph mode in this process, where tensors have no values; "
                "call paddle.disable_static() before predictions."
            )
        with self._errors("run"):
            paddle, on_gpu = self._paddle, self._gpu is not None
            place = paddle.CUDAPlace(self._gpu) if on_gpu else paddle.CPUPlace()
            given = [paddle.to_tensor(inputs[name], place=place) for name in self.input_names]
            return {
                name: PaddleOutput(paddle, tensor, on_gpu=on_gpu)
                for name, tensor in zip(self.output_names, predictor.run(given), strict=True)
            }

    @contextmanager
    def _errors(self, verb: str) -> Iterator[None]:
        """Paddle's exceptions, of many types, as EngineError with its text."""
        try:
            yield
        except EngineError:
            raise
        except Exception as error:
            hint = (
                "\n(A program in inference.json can only be read by the Paddle that wrote it, and "
                "by newer ones.)"
            )
            raise EngineError(
                f"Paddle {self.version} cannot {verb} {self._what}: {str(error).strip()}"
                + (hint if verb == "load" else "")
            ) from error


def _configured(
    inference: Any, source: SourceFolder, gpu: int | None, threads: int, legacy_optimisation: bool
) -> Any:
    """Paddle's configuration, each setting the safe one of what was measured:

    oneDNN               off: with Paddle 3.3.1 it crashes on Mask-RT-DETR-L
    new IR               for inference.json only: with it on, runs of a legacy program leave
                         outputs without memory
    legacy_optimisation  graph passes over a legacy program. Those of Paddle 3.0.0 change the
                         detections of Mask-RT-DETR (X: boxes by up to 184 px)
    memory optimisation  for legacy programs only: same bits in a third of the memory
                         (Mask-RT-DETR-S: 1.1 instead of 3.8 GB); Paddle 3.3.1 refuses it with the
                         new IR, which frees memory by itself
    """
    config = inference.Config(str(source.program), str(source.parameters))
    config.disable_glog_info()
    config.disable_mkldnn()
    if gpu is None:
        config.disable_gpu()
        config.set_cpu_math_library_num_threads(threads)
    else:
        config.enable_use_gpu(GPU_MEMORY_MB, gpu)
    is_legacy = source.program.suffix != ".json"
    config.enable_new_ir(not is_legacy)
    config.switch_ir_optim(legacy_optimisation or not is_legacy)
    if is_legacy:
        config.enable_memory_optim()
    return config
