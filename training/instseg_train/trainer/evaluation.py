"""Evaluation of checkpoints, and which one is the best."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from instseg.errors import InvalidArgument
from instseg_train.config import Config, parse_devices
from instseg_train.evaluate import evaluate_folder
from instseg_train.trainer.checkpoints import (
    BEST,
    INFERENCE,
    INTERRUPTED,
    copy_checkpoint,
    epoch_folders,
    epoch_name,
    remove_old,
    write_json,
)
from instseg_train.trainer.result_file import info_file, score_of
from instseg_train.trainer.run import Run
from instseg_train.trainer.run_log import LOGGER


class CheckpointEvaluation:
    """Runs exported checkpoints on the validation images, through the SDK: on the CPU with its
    fastest engine, on a GPU with Paddle."""

    def __init__(self, config: Config, output: Path):
        self._config, self._output = config, output
        root = Path(config.general.dataset_dir)
        file = root / "annotations" / "instance_val.json"
        self._possible = file.is_file() and _has_annotations(file)
        if not self._possible:
            LOGGER.warning(
                "%s has no annotations: checkpoints are not evaluated, and the last one counts as "
                "the best",
                file,
            )

    def of_checkpoint(self, work: Run, folder: Path) -> dict[str, float] | None:
        """Scores by name for the curves; keeps the best checkpoint and the last ones."""
        metrics = self._metrics(folder) if self._possible else None
        score = None if metrics is None else metrics["eval/mask_AP"]
        epoch = work.state.epoch
        info = {"metric": score, "epoch": epoch - 1, **(metrics or {})}
        write_json(info_file(folder), info)
        best = work.state.best
        if score is None or best is None or score >= best:
            if score is not None:
                work.set_best(score, epoch - 1)
            copy_checkpoint(folder, self._output / BEST)
        remove_old(self._output, self._config.train.keep_checkpoints)
        if metrics is not None:
            LOGGER.info(
                "epoch %d: mask AP %.4f (best %.4f at epoch %d), box AP %.4f",
                epoch,
                score,
                work.state.best,
                (work.state.best_epoch or 0) + 1,
                metrics["eval/box_AP"],
            )
        return metrics

    def finish(self, work: Run) -> None:
        """Evaluates the checkpoint that the run stands at, where its own run was cut off."""
        folder = self._output / epoch_name(work.state.epoch)
        if folder not in epoch_folders(self._output):
            return
        if work.state.step_in_epoch == 0 and not info_file(folder).is_file():
            self.of_checkpoint(work, folder)
        else:
            self._take_best(work, folder)

    def _take_best(self, work: Run, folder: Path) -> None:
        """A checkpoint is written before its own evaluation, which may have made it the best."""
        score = score_of(folder)
        best = work.state.best
        if score is not None and (best is None or score >= best):
            work.set_best(score, work.state.epoch - 1)

    def finish_run(self, work: Run, folder: Path) -> None:
        """The last checkpoint under its final name; where it lies in another run's output, that
        run has done so."""
        last = self._output / epoch_name(work.state.epoch)
        if last in epoch_folders(self._output):
            copy_checkpoint(last, folder)
        shutil.rmtree(self._output / INTERRUPTED, ignore_errors=True)

    def _metrics(self, folder: Path) -> dict[str, float]:
        devices = parse_devices(self._config.general.device)
        scores = evaluate_folder(
            folder / INFERENCE,
            self._config.general.dataset_dir,
            split="val",
            engine=devices.engine("auto"),
            device=devices.first,
        )
        return {
            f"eval/{label}_{metric}": float(values.metrics[metric])
            for label, values in (("mask", scores["segm"]), ("box", scores["bbox"]))
            for metric in ("AP", "AP50", "AP75")
        }


def _has_annotations(file: Path) -> bool:
    try:
        content = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise InvalidArgument(
            f"{file} is no JSON file: {error}; `instseg check-dataset` lists everything"
        ) from error
    return bool(content.get("annotations")) if isinstance(content, dict) else False
