"""One step: losses, gradients, update."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import paddle

from instseg.errors import InvalidArgument
from instseg_train.data.sample import Batch
from instseg_train.models.segmenter import Segmenter
from instseg_train.trainer import processes
from instseg_train.trainer.errors import TrainingError

HALF = "float16"
_LISTS = ("gt_bbox", "gt_class", "gt_segm", "is_crowd")


def tensors(batch: Batch) -> dict[str, Any]:
    """The batch as `Segmenter.forward` takes it. Polygons stay in NumPy."""
    result: dict[str, Any] = {}
    for name, value in batch.items():
        if name in _LISTS:
            result[name] = [paddle.to_tensor(item) for item in value]  # type: ignore[attr-defined]
        elif name == "gt_poly":
            result[name] = value
        elif name != "image_id":
            result[name] = paddle.to_tensor(value)
    return result


@dataclass
class MixedPrecision:
    """amp: `OFF`, `O1` (chosen operators in float16) or `O2` (nearly all), with scaled losses.

    Raises InvalidArgument on a CPU, where Paddle has no mixed precision."""

    amp: str
    scaler: Any = field(init=False)

    def __post_init__(self) -> None:
        enabled = self.amp != "OFF"
        if enabled and not paddle.get_device().startswith("gpu"):
            raise InvalidArgument(
                f"Train.amp is {self.amp}, which Paddle has on GPUs only; give Train.amp=OFF"
            )
        self.scaler = paddle.amp.GradScaler(enable=enabled, init_loss_scaling=1024.0)

    def context(self) -> Any:
        if self.amp == "OFF":
            return nullcontext()
        return paddle.amp.auto_cast(level=self.amp, dtype=HALF)


class Step:
    """Calls run one step and return its losses as numbers."""

    def __init__(
        self,
        model: Segmenter,
        optimizer: Any,
        precision: MixedPrecision,
        *,
        seed: int,
    ):
        self._model, self._optimizer = model, optimizer
        self._precision = precision
        self._seed = seed
        self._parameters = [p for p in model.parameters() if not p.stop_gradient]

    def __call__(self, batch: Batch, number: int, rate: float) -> dict[str, float]:
        """number: of the step in the whole run, from which all that is random follows.

        Raises TrainingError: losses that are no numbers (weights are as before), no memory.
        """
        paddle.seed(_seed(self._seed, number, processes.rank()))
        self._optimizer.set_lr(rate)
        scaler = self._precision.scaler
        with _memory_told(batch):
            try:
                with self._precision.context():
                    losses = self._model(tensors(batch))
            except ValueError as error:  # some operators refuse what is no number
                broken = self._broken_weights()
                if broken:
                    raise _no_numbers(broken, number, rate) from error
                raise
            values = {name: float(value) for name, value in losses.items()}
            wrong = [f"{k} = {v}" for k, v in values.items() if not math.isfinite(v)]
            if wrong:
                raise _no_numbers(wrong, number, rate)
            scaler.scale(losses["loss"]).backward()
            processes.average_gradients(self._parameters)
            scaler.step(self._optimizer)
            scaler.update()
            self._optimizer.clear_grad()
        return values

    def _broken_weights(self) -> list[str]:
        return [
            name
            for name, value in self._model.state_dict().items()
            if paddle.is_floating_point(value) and not bool(paddle.isfinite(value).all())
        ]


def _seed(run: int, step: int, rank: int) -> int:
    return int(np.random.SeedSequence([run, step, rank]).generate_state(1)[0] >> 1)


def _no_numbers(what: Sequence[str], step: int, rate: float) -> TrainingError:
    return TrainingError(
        f"at step {step} (learning rate {rate:.3g}) these are no numbers any more: "
        f"{', '.join(what[:5])}. Resume from the last checkpoint with a lower "
        "Train.learning_rate or more Train.warmup_steps; with Train.amp, try OFF"
    )


@contextmanager
def _memory_told(batch: Batch) -> Iterator[None]:
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        text = str(error)
        if isinstance(error, MemoryError) or "ResourceExhausted" in text or "Out of memory" in text:
            shape = "x".join(str(side) for side in batch["image"].shape)
            raise TrainingError(
                f"memory is too small for a step on images of {shape}. Give a smaller "
                "Train.batch_size or Train.input_size, or Train.amp=O1 on a GPU"
            ) from error
        raise
