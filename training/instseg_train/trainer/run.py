"""What a run holds while it goes: model, optimiser, average, and where it stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import paddle

from instseg.errors import ModelError
from instseg.importer.atomic_folder import atomic_folder
from instseg_train.config import Config
from instseg_train.data.sample import Batch
from instseg_train.export import export_model
from instseg_train.models.table import build_model
from instseg_train.trainer import processes
from instseg_train.trainer.average import WeightAverage
from instseg_train.trainer.checkpoints import (
    INFERENCE,
    RunState,
    read_state,
    write_arrays,
    write_state,
)
from instseg_train.trainer.learning_rate import LearningRate
from instseg_train.trainer.optimizer import build_optimizer, optimizer_state, set_optimizer_state
from instseg_train.trainer.recipes import recipe_of
from instseg_train.trainer.step import HALF, MixedPrecision, Step
from instseg_train.weights import load_weights, save_model
from instseg_train.weights.checkpoint import read_checkpoint
from instseg_train.weights.store import fetch_weights, is_url


class Run:
    """model, class_names; state: where it stands; rate: of the last step;
    between_steps: whether model and state belong together; saved_at: the step of the last
    checkpoint."""

    def __init__(self, config: Config, steps_per_epoch: int, class_names: Sequence[str]):
        """Builds the model, or takes it up where `Train.resume_path` left it.

        Raises ModelError, DownloadError (weights), InvalidArgument.
        """
        train = config.train
        self.class_names = list(class_names)
        self._config, self._steps_per_epoch = config, steps_per_epoch
        paddle.seed(train.seed)
        weights = train.pretrain_weight_path
        self.model = build_model(
            config.general.model,
            len(class_names),
            from_scratch=train.from_scratch or weights is None,
            **{k: v for k, v in train.scale.model_dump().items() if v != 1.0},
        )
        recipe = recipe_of(config.general.model)
        if train.optimizer is not None:
            recipe = replace(recipe, optimizer=train.optimizer)
        if train.clip_norm is not None:
            recipe = replace(recipe, clip_norm=train.clip_norm)
        self._schedule = LearningRate(
            train.learning_rate, steps_per_epoch * train.epochs_iters, train.warmup_steps, recipe
        )
        self._precision = MixedPrecision(train.amp)
        self._optimizer = build_optimizer(self.model, recipe, master_weights=train.amp == "O2")
        if train.amp == "O2":
            self.model, self._optimizer = paddle.amp.decorate(
                self.model, self._optimizer, level="O2", dtype=HALF
            )
        self.weights_report = ""
        self.state = RunState(0, 0, 0, None, None, {})
        decay = recipe.ema_decay if train.ema_decay is None else train.ema_decay
        if train.resume_path is None and weights is not None:
            file = fetch_weights(weights) if is_url(weights) else Path(weights)
            self.weights_report = str(load_weights(self.model, file))
        self._average = WeightAverage(self.model, recipe, decay) if decay else None
        if train.resume_path is not None:
            self._resume(Path(train.resume_path))
        processes.same_weights(self.model)
        self._step = Step(self.model, self._optimizer, self._precision, seed=train.seed)
        self.rate = 0.0
        self.between_steps = True
        self.saved_at = self.state.step

    def description(self, images: int, left_out: str) -> str:
        train, count = self._config.train, processes.count()
        size = sum(int(np.prod(p.shape)) for p in self.model.parameters())
        parts = [
            f"{self._config.general.model}, {len(self.class_names)} classes, {size / 1e6:.2f} M "
            f"parameters, Paddle {paddle.__version__} on {self._config.general.device}",
            f"{images} images" + (f" (left out: {left_out})" if left_out else ""),
            f"{train.epochs_iters} epochs of {self._steps_per_epoch} steps of "
            f"{train.batch_size}{f' x {count}' if count > 1 else ''} images",
        ]
        if train.resume_path:
            parts.append(f"resumed after step {self.state.step} from {train.resume_path}")
        elif self.weights_report:
            parts.append(f"weights: {self.weights_report}")
        else:
            parts.append("no pretrained weights: everything learns from the beginning")
        return "; ".join(parts)

    def step(self, batch: Batch) -> dict[str, float]:
        """One step; losses by name. Raises TrainingError."""
        self.rate = self._schedule.at(self.state.step)
        self.between_steps = False
        losses = self._step(batch, self.state.step, self.rate)
        if self._average is not None:
            self._average.update()
        self.state = replace(
            self.state,
            step=self.state.step + 1,
            step_in_epoch=self.state.step_in_epoch + 1,
        )
        self.between_steps = True
        return losses

    def end_epoch(self) -> None:
        self.state = replace(self.state, epoch=self.state.epoch + 1, step_in_epoch=0)

    def set_best(self, score: float, epoch: int) -> None:
        self.state = replace(self.state, best=score, best_epoch=epoch)

    def save(self, folder: Path, *, inference: bool) -> None:
        """Writes a checkpoint; it appears whole or not at all."""
        with atomic_folder(folder, overwrite=True) as work:
            name = folder.name
            if self._average is None:
                self._write_model(work / f"{name}.pdparams", inference=inference)
            else:
                write_arrays(work / f"{name}.pdema", self.model.state_dict())
                with self._average.applied():
                    self._write_model(work / f"{name}.pdparams", inference=inference)
            write_arrays(work / f"{name}.pdopt", optimizer_state(self._optimizer, self.model))
            scaler = {k: float(v) for k, v in self._precision.scaler.state_dict().items()}
            write_state(work / f"{name}.pdstates", replace(self.state, scaler=scaler))
        self.saved_at = self.state.step

    def _write_model(self, file: Path, *, inference: bool) -> None:
        size = self._config.train.input_size
        save_model(self.model, file, class_names=self.class_names, input_size=size)
        if inference:
            export_model(
                self.model,
                file.parent / INFERENCE,
                class_names=self.class_names,
                input_size=size,
                verify=False,
            )

    def _resume(self, file: Path) -> None:
        stem = file.with_suffix("")
        state = read_state(stem.with_suffix(".pdstates"))
        raw = stem.with_suffix(".pdema")
        load_weights(self.model, raw if raw.is_file() else file, strict=True)
        if self._average is not None:
            if not raw.is_file():
                raise ModelError(
                    f"There is no {raw.name} beside {file}: that run did not average its weights. "
                    "Give Train.ema_decay=0, or start anew"
                )
            self._average.restore(_checked(file, self.model), state.step)
        set_optimizer_state(
            self._optimizer, self.model, read_checkpoint(stem.with_suffix(".pdopt"))
        )
        if state.step != state.epoch * self._steps_per_epoch + state.step_in_epoch:
            raise ModelError(
                f"{file} stands after step {state.step}: that was a run with other epochs than "
                f"{self._steps_per_epoch} steps. Give the data set, Train.batch_size and devices "
                "of that run, or its weights as Train.pretrain_weight_path"
            )
        if state.scaler:
            self._precision.scaler.load_state_dict(dict(state.scaler))
        self.state = state


def _checked(file: Path, model: Any) -> dict[str, Any]:
    arrays = read_checkpoint(file)
    missing = [name for name in model.state_dict() if name not in arrays]
    if missing:
        raise ModelError(f"{file} lacks {missing[0]} and {len(missing) - 1} other tensors")
    return arrays
